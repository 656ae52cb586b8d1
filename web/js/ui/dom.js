// dom.js - elements. Text from others becomes text nodes, never markup.

export const $ = (id) => document.getElementById(id);

/** An element: h("p.soft", { title: "x", onclick: fn }, "text", child, null). */
export function h(what, props = {}, ...children) {
	const [tag, ...classes] = what.split(".");
	const el = document.createElement(tag);

	if (classes.length)
		el.className = classes.join(" ");
	for (const [key, value] of Object.entries(props)) {
		if (value === null || value === undefined || value === false)
			continue;
		if (key.startsWith("on"))
			el.addEventListener(key.slice(2), value);
		else if (key in el && !key.startsWith("aria") && key !== "list" && key !== "role")
			el[key] = value;
		else
			el.setAttribute(key, value === true ? "" : value);
	}
	el.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
	return el;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the page's symbols. */
export function icon(name) {
	const svg = document.createElementNS(SVG, "svg");
	const use = document.createElementNS(SVG, "use");

	svg.setAttribute("aria-hidden", "true");
	use.setAttribute("href", "#i-" + name);
	svg.append(use);
	return svg;
}

export function iconButton(name, label, onclick, cls = "") {
	const b = h("button.icon", { type: "button", title: label, onclick, "aria-label": label }, icon(name));

	if (cls)
		b.classList.add(cls);
	return b;
}

/** fn, at most once a frame however often it is asked for. */
export function soon(fn) {
	let due = false;

	return () => {
		if (due)
			return;
		due = true;
		// a hidden tab has no frames
		const go = () => {
			due = false;
			fn();
		};

		if (document.hidden)
			setTimeout(go, 100);
		else
			requestAnimationFrame(go);
	};
}

/** text to the clipboard; without TLS a browser lets a page copy only what is selected. */
export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const el = h("textarea", { value: text });

		document.body.append(el);
		el.select();
		document.execCommand("copy");
		el.remove();
		$("input").focus();
	}
}

let sayTimer;

/** For who cannot see it. */
export function announce(text) {
	const el = $("say");

	clearTimeout(sayTimer);
	el.append(h("p", {}, text));
	while (el.childElementCount > 5)
		el.firstChild.remove();
	sayTimer = setTimeout(() => el.replaceChildren(), 8000);
}
