// viewer.js - a picture, large: arrow keys go to the room's others, a click or Escape goes back.

import { size } from "../format.js";
import { h, iconButton } from "./dom.js";

/** list: messages with pictures, oldest first; at: which; renew(m): another link for m's, a promise of whether there is one. */
export function view(list, at, renew) {
	const img = h("img", { alt: "" });
	const name = h("span.viewer-name");
	const link = h("a.button", { target: "_blank", rel: "noopener noreferrer" }, "Open");
	const back = iconButton("reply", "The one before", () => go(-1), "prev");
	const on = iconButton("reply", "The next one", () => go(1), "next");
	const el = h(
		"dialog.viewer",
		{ "aria-label": "Picture" },
		h(
			"header",
			{},
			name,
			link,
			iconButton("x", "Close", () => el.close()),
		),
		h("div.stage", {}, back, img, on),
	);

	function go(step) {
		at = Math.max(0, Math.min(list.length - 1, at + step));
		show(list[at], true);
	}

	function show(m, again) {
		const f = m.file ?? { name: "This picture is not there any more.", url: "" };

		img.onerror = async () => again && (await renew(m)) && m === list[at] && show(m, false);
		img.src = f.url;
		img.alt = f.name;
		name.textContent = f.size ? `${f.name} (${size(f.size)})` : f.name;
		link.href = f.url;
		link.download = f.name;
		back.disabled = at === 0;
		on.disabled = at === list.length - 1;
	}
	el.addEventListener("keydown", (e) => {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];

		if (step)
			go(step);
	});
	el.addEventListener("click", (e) => {
		if (!e.target.closest("button, a"))
			el.close();
	});
	el.addEventListener("close", () => el.remove());
	document.body.append(el);
	go(0);
	el.showModal();
}
