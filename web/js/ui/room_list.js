// room_list.js - the list of rooms and of people one talks with, with what is unread.

import { initial, nameColour } from "../format.js";
import { SERVER } from "../model.js";
import { $, h, soon } from "./dom.js";

const HEADS = { room: "Rooms", direct: "Direct messages", server: "" };

export class RoomList {
	/** go(room): it is chosen; menu(room, el). */
	constructor(model, { go, menu }) {
		this.model = model;
		this.go = go;
		this.menu = menu;
		const draw = soon(() => this.draw());

		model.on((what) => {
			if (["rooms", "unread", "active", "user", "joined", "me"].includes(what))
				draw();
		});
		$("rooms").addEventListener("keydown", (e) => this.#key(e));
	}

	draw() {
		const focused = document.activeElement?.closest?.("#rooms button")?.dataset.key;
		const parts = [];
		let kind = "";

		for (const room of this.model.listed()) {
			if (room.kind !== kind) {
				kind = room.kind;
				if (HEADS[kind])
					parts.push(h("h2", {}, HEADS[kind]));
				parts.push(h("ul", {}));
			}
			parts.at(-1).append(h("li", {}, this.#button(room)));
		}
		$("rooms").replaceChildren(...parts);
		if (focused)
			[...$("rooms").querySelectorAll("button")].find((b) => b.dataset.key === focused)?.focus();
		const { unread, mentions } = this.model.totals();
		const dot = document.querySelector("#open-side .dot");

		dot.hidden = !unread;
		dot.classList.toggle("hot", mentions > 0);
	}

	#button(room) {
		const active = room === this.model.active;
		const name = room.kind === "server" ? "Server" : room.kind === "room" ? room.name.slice(1) : room.name;
		const user = room.kind === "direct" ? this.model.users.get(room.key) : null;
		const hot = room.kind === "direct" ? room.unread : room.mentions;
		const count = hot || room.unread;
		const b = h("button.room", {
			type: "button",
			onclick: () => this.go(room),
			oncontextmenu: (e) => {
				e.preventDefault();
				this.menu(room, e.currentTarget);
			},
		});

		b.dataset.key = room.key;
		if (active)
			b.setAttribute("aria-current", "page");
		b.classList.toggle("unread", room.unread > 0);
		b.classList.toggle("gone", room.kind === "room" && !room.joined);
		if (room.kind === "direct")
			b.append(
				h(
					`span.avatar.small.n${nameColour(room.name)}.${user?.online === false ? "off" : user?.away ? "away" : "on"}`,
					{ "aria-hidden": "true" },
					initial(room.name),
				),
			);
		else
			b.append(h("span.hash", { "aria-hidden": "true" }, room.name === SERVER ? "⌂" : "#"));
		b.append(h("span.room-name", {}, name));
		if (user?.online === false)
			b.append(h("span.hidden", {}, ", not here"));
		if (count)
			b.append(
				h(
					`span.count${hot ? ".hot" : ""}`,
					{},
					count > 99 ? "99+" : String(count),
					h("span.hidden", {}, hot ? " for you" : " unread"),
				),
			);
		return b;
	}

	#key(e) {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		const all = [...$("rooms").querySelectorAll("button")];

		if (!step || !all.length)
			return;
		all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
		e.preventDefault();
	}

	/** The room step behind the one on show; unread: only those with something new. */
	next(step, unread = false) {
		const list = this.model.listed();
		const at = list.indexOf(this.model.active);

		for (let i = 1; i <= list.length; i++) {
			const room = list[(at + step * i + list.length * i) % list.length];

			if (room && (!unread || room.unread))
				return room;
		}
		return null;
	}
}
