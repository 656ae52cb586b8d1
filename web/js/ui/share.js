// share.js - files into a room: chosen, dropped or pasted; how far they have come.

import { filesOf, upload } from "../files.js";
import { size as bytesOf } from "../format.js";
import { SERVER } from "../model.js";
import { $, announce, h, iconButton } from "./dom.js";

export class Share {
	#stop = new AbortController();

	constructor(app) {
		this.app = app;
		this.#drops();
	}

	pick(to, accept = "") {
		this.pickFor = to;
		$("pick").accept = accept;
		$("pick").click();
	}

	/** Nothing more is sent. */
	stop() {
		this.#stop.abort();
		this.#stop = new AbortController();
	}

	/** Files for the room or person called so, one after another. */
	async share(to, files) {
		const { signal } = this.#stop;

		if (!to || to === SERVER) {
			this.app.here("Choose a room first.", "error");
			return;
		}
		for (const file of files)
			if (!signal.aborted)
				await this.#upload(to, file, signal);
	}

	async #upload(to, file, end) {
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
		end.addEventListener("abort", () => stop.abort());
		const error = await upload(this.app.session, to, file, { progress: (p) => (bar.value = p), signal: stop.signal });

		if (preview)
			URL.revokeObjectURL(preview.src);
		el.remove();
		if (end.aborted)
			return;
		if (error)
			this.app.here(`${file.name} was not sent. ${error}`, "error");
		else
			announce(`File ${file.name} sent successfully`);
	}

	#drops() {
		let depth = 0;
		const files = (e) => [...(e.dataTransfer?.types ?? [])].includes("Files");
		const has = (e) => files(e) && this.app.inside && this.app.room && this.app.room.kind !== "server";
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
			if (files(e))
				e.preventDefault(); // or the file would be opened instead of the page
			if (has(e))
				this.share(this.app.room.name, filesOf(e.dataTransfer));
		});
		$("pick").addEventListener("change", () => {
			const chosen = [...$("pick").files];

			this.share(this.pickFor ?? this.app.room?.name, chosen);
			$("pick").value = "";
			$("pick").accept = "";
		});
	}
}
