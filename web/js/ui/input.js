// input.js - the message box: several lines, completion, what was typed before, a reply or an edit that is under way.

import { complete } from "../commands.js";
import { plain } from "../format.js";
import { filesOf } from "../files.js";
import { $, h, iconButton } from "./dom.js";

const LINES_MAX = 200; // pixels of height, then it scrolls

export class Input {
	#el = $("input");
	#list = $("complete");
	#items = [];
	#from = 0;
	#at = 0;
	#history = [];
	#past = -1;
	#editing = null;
	#typed = false;

	/** act: say(text, reply) and edit(m, text), which are false for what is not done, and stays; also typing(active), files(list), attach(), page(direction), lastOwn() */
	constructor(model, act) {
		this.model = model;
		this.act = act;
		this.#el.addEventListener("input", () => this.#changed());
		this.#el.addEventListener("keydown", (e) => this.#key(e));
		this.#el.addEventListener("blur", () => setTimeout(() => this.#away(), 150));
		this.#el.addEventListener("paste", (e) => {
			const files = filesOf(e.clipboardData);

			if (files.length) {
				e.preventDefault();
				act.files(files);
			}
		});
		$("form").addEventListener("submit", (e) => {
			e.preventDefault();
			this.submit();
		});
		$("attach").addEventListener("click", () => act.attach());
		model.on((what, room) => {
			if (what === "active")
				this.#arrive(room);
			else if (what === "message" && room === model.active && (room?.reply?.deleted || this.#editing?.deleted))
				this.cancel();
		});
	}

	focus() {
		this.#el.focus({ preventScroll: true });
	}

	#room = null;

	#arrive(room) {
		if (this.#room && !this.#editing)
			this.#room.draft = this.#el.value;
		this.#editing = null;
		this.#room = room;
		this.#past = -1;
		this.#put(room?.draft ?? "");
		this.#typed = false;
		this.#context();
		this.#close();
	}

	#put(text) {
		this.#el.value = text;
		this.#el.selectionStart = this.#el.selectionEnd = text.length;
		this.#grow();
	}

	#grow() {
		this.#el.style.height = "auto";
		this.#el.style.height = Math.min(LINES_MAX, this.#el.scrollHeight + 2) + "px";
		this.#el.style.overflowY = this.#el.scrollHeight > LINES_MAX ? "auto" : "hidden";
	}

	#changed() {
		const text = this.#el.value;
		const talks = text && (!text.startsWith("/") || text.startsWith("/me "));

		this.#grow();
		if (talks || this.#typed)
			this.act.typing(Boolean(talks));
		this.#typed = Boolean(talks);
		this.#complete(false);
	}

	submit() {
		const text = this.#el.value.replace(/\s+$/, "");
		const room = this.model.active;

		this.#close();
		if (!room || !text)
			return;
		if (this.#editing) {
			if (this.act.edit(this.#editing, text) !== false)
				this.cancel();
			return;
		}
		this.#history.unshift(text);
		this.#history.length = Math.min(this.#history.length, 100);
		this.#past = -1;
		this.#typed = false;
		const { reply } = room;

		room.reply = null;
		room.draft = "";
		this.#put("");
		this.#context();
		if (this.act.say(text, reply?.msgid ?? "") === false && room === this.model.active) {
			room.reply = reply;
			this.#put(text);
			this.#context();
		}
	}

	// --- replies and edits

	reply(m) {
		if (this.#editing)
			this.cancel();
		this.model.active.reply = m;
		this.#context();
		this.focus();
	}

	edit(m) {
		this.#editing = m;
		this.model.active.reply = null;
		this.#put(m.text);
		this.#context();
		this.focus();
	}

	cancel() {
		if (this.#editing)
			this.#put("");
		this.#editing = null;
		if (this.model.active)
			this.model.active.reply = null;
		this.#context();
	}

	#context() {
		const m = this.#editing ?? this.model.active?.reply;

		$("context").hidden = !m;
		$("context").replaceChildren(
			...(m
				? [
						h(
							"span",
							{},
							this.#editing ? "Editing: " : "Reply to ",
							this.#editing ? null : h("b", {}, m.nick),
							this.#editing ? "" : ": ",
							h("span.soft", {}, m.file ? m.file.name : plain(m.text).slice(0, 120)),
						),
						iconButton("x", "Cancel", () => {
							this.cancel();
							this.focus();
						}),
					]
				: []),
		);
	}

	/** text where the cursor is, as a word of its own. */
	insert(text) {
		const { selectionStart: a, selectionEnd: b, value } = this.#el;
		const space = a > 0 && !/\s$/.test(value.slice(0, a)) ? " " : "";

		this.#el.setRangeText(space + text, a, b, "end");
		this.#changed();
		this.focus();
	}

	// --- completion

	/** all: whatever the word looks like. Returns whether there is something that it could become, or has. */
	#complete(all) {
		const room = this.model.active;
		const { value, selectionStart, selectionEnd } = this.#el;

		if (!room || selectionStart !== selectionEnd)
			return false;
		const word = /\S*$/.exec(value.slice(0, selectionStart))[0];
		const automatic =
			(word.length > 1 && (word.startsWith("@") || word.startsWith("#"))) || (word.startsWith("/") && word === value);

		if (!all && !automatic) {
			this.#close();
			return false;
		}
		const last = [];

		for (let i = room.messages.length - 1; i >= 0 && i > room.messages.length - 200; i--) {
			const { nick, own } = room.messages[i];

			if (nick && !own && !last.includes(nick))
				last.push(nick);
		}
		const { from, items } = complete(value, selectionStart, {
			names: this.#names(room),
			last,
			rooms: [...this.model.rooms.values()].filter((r) => r.kind === "room").map((r) => r.name),
		});

		this.#from = from;
		this.#items = items.slice(0, 50);
		this.#at = 0;
		if (all && items.length === 1)
			this.#take();
		else
			this.#show();
		return items.length > 0;
	}

	#names(room) {
		return room.kind === "room"
			? [...room.members.values()].map((u) => u.nick).filter((n) => !this.model.isMe(n))
			: room.kind === "direct"
				? [room.name]
				: [];
	}

	#show() {
		this.#list.hidden = !this.#items.length;
		this.#list.replaceChildren(
			...this.#items.map((i, n) =>
				h(
					"div.option",
					{
						id: "option-" + n,
						role: "option",
						"aria-selected": String(n === this.#at),
						onpointerdown: (e) => {
							e.preventDefault();
							this.#at = n;
							this.#take();
						},
					},
					h("span", {}, i.label),
					i.hint ? h("span.soft", {}, i.hint) : null,
				),
			),
		);
		if (this.#items.length) {
			this.#el.setAttribute("aria-activedescendant", "option-" + this.#at);
			this.#list.children[this.#at].scrollIntoView({ block: "nearest" });
		} else {
			this.#el.removeAttribute("aria-activedescendant");
		}
	}

	#away() {
		if (document.activeElement !== this.#el)
			this.#close();
	}

	#close() {
		if (this.#items.length || !this.#list.hidden) {
			this.#items = [];
			this.#show();
		}
	}

	#take() {
		const item = this.#items[this.#at];

		this.#el.setRangeText(item.text, this.#from, this.#el.selectionStart, "end");
		this.#close();
		this.#changed();
		this.#close();
		this.focus();
	}

	// --- keys

	#key(e) {
		const open = this.#items.length > 0;

		if (e.isComposing)
			return;
		if (open && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
			this.#at = (this.#at + (e.key === "ArrowDown" ? 1 : -1) + this.#items.length) % this.#items.length;
			this.#show();
		} else if (e.key === "Tab" && !e.shiftKey && open) {
			this.#take();
		} else if (
			e.key === "Tab" &&
			!e.shiftKey &&
			this.#el.value &&
			this.#el.selectionStart > 0 &&
			/\S$/.test(this.#el.value.slice(0, this.#el.selectionStart))
		) {
			if (!this.#complete(true))
				return; // the focus goes on, as anywhere
		} else if (
			e.key === "Enter" &&
			open &&
			this.#el.value.startsWith("/") &&
			this.#items[this.#at].text.trim() !== this.#el.value.slice(this.#from, this.#el.selectionStart)
		) {
			this.#take();
		} else if (e.key === "Enter" && !e.shiftKey && !e.altKey && this.act.enterSends()) {
			this.submit();
		} else if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
			this.submit();
		} else if (e.key === "Escape" && (open || this.#editing || this.model.active?.reply)) {
			open ? this.#close() : this.cancel();
			e.stopPropagation();
		} else if (e.key === "PageUp" || e.key === "PageDown") {
			this.act.page(e.key === "PageUp" ? -1 : 1);
		} else if (e.key === "ArrowUp" && !this.#el.value) {
			const own = this.act.lastOwn();

			if (!own)
				return;
			this.edit(own);
		} else if ((e.key === "ArrowUp" || e.key === "ArrowDown") && e.altKey === false && e.ctrlKey) {
			this.#recall(e.key === "ArrowUp" ? 1 : -1);
		} else {
			return;
		}
		e.preventDefault();
	}

	#recall(step) {
		this.#past = Math.max(-1, Math.min(this.#history.length - 1, this.#past + step));
		this.#put(this.#past < 0 ? "" : this.#history[this.#past]);
	}
}
