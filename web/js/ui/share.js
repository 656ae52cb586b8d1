// share.js - files into a room: chosen, dropped or pasted; how far they have come.

import { filesOf, upload } from "../files.js";
import { size as bytesOf } from "../format.js";
import { SERVER } from "../model.js";
import { $, announce, h, iconButton } from "./dom.js";

export class Share {
	constructor(app) {
		this.app = app;
		this.#drops();
	}

	pick(to, accept = "") {
		this.pickFor = to;
		$("pick").accept = accept;
		$("pick").click();
	}

	/** Files for the room or person called so, one after another. */
	async share(to, files) {
		if (!to || to === SERVER) {
			this.app.here("Choose a room first.", "error");
			return;
		}
		for (const file of files)
			await this.#upload(to, file);
	}

	async #upload(to, file) {
		const stop = new AbortController();
		const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
		const preview = file.type.startsWith("image/") ? h("img", { src: URL.createObjectURL(file), alt: "" }) : null;
		const words = h("span.upload-name", {}, `Sending the file ${file.name} (${bytesOf(file.size)}) to ${to}`);
		const el = h(
			"div.upload",
			{},
			preview,
			h("div.upload-words", {}, words, bar),
			iconButton("x", "Stop", () => stop.abort()),
		);

		$("uploads").append(el);
		const error = await upload(this.app.session, to, file, { progress: (p) => (bar.value = p), signal: stop.signal });

		if (preview)
			URL.revokeObjectURL(preview.src);
		el.remove();
		if (error)
			this.app.here(`${file.name} was not sent. ${error}`, "error");
		else
			announce(`File ${file.name} sent successfully`);
	}

	#drops() {
		let depth = 0;
		const has = (e) =>
			[...(e.dataTransfer?.types ?? [])].includes("Files") && this.app.inside && this.app.room && this.app.room.kind !== "server";
		const show = (on) => {
			$("drop").hidden = !on;
			if (on)
				$("drop").querySelector("b").textContent = this.app.room.name;
		};

		addEventListener("dragenter", (e) => has(e) && (depth++, show(true)));
		addEventListener("dragleave", (e) => has(e) && --depth <= 0 && ((depth = 0), show(false)));
		addEventListener("dragover", (e) => {
			if (e.dataTransfer)
				e.preventDefault();
		});
		addEventListener("drop", (e) => {
			depth = 0;
			show(false);
			if (!has(e))
				return;
			e.preventDefault();
			this.share(this.app.room.name, filesOf(e.dataTransfer));
		});
		$("pick").addEventListener("change", () => {
			const files = [...$("pick").files];

			this.share(this.pickFor ?? this.app.room?.name, files);
			this.pickFor = undefined;
			$("pick").value = "";
			$("pick").accept = "";
		});
	}
}
