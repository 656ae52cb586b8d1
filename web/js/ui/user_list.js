// user_list.js - who is in the room: as many as there are, of which only those in sight are in the document.

import { initial, nameColour } from "../format.js";
import { RANK_NAMES } from "../model.js";
import { $, h, soon } from "./dom.js";

const ROW = 34; // as in the style sheet
const FILTER_FROM = 12;
const SIGNS = ["", "+", "%", "@"];

export class UserList {
	#list = $("people-list");
	#space = $("people-space");
	#users = [];
	#at = -1; // the row that the keyboard is on
	#stale = false;

	/** menu(nick, el) */
	constructor(model, menu) {
		this.model = model;
		this.menu = menu;
		this.draw = soon(() => this.#draw());
		this.fill = soon(() => this.#fill());
		model.on((what, room) => {
			if (what === "active" || (["members", "joined"].includes(what) && room === model.active))
				this.#later();
			else if (what === "user")
				this.draw();
		});
		this.#list.addEventListener("scroll", this.draw, { passive: true });
		this.#list.addEventListener("keydown", (e) => this.#key(e));
		this.#list.addEventListener("click", (e) => this.#choose(e.target.closest(".person")));
		this.#list.addEventListener("contextmenu", (e) => {
			e.preventDefault();
			this.#choose(e.target.closest(".person"));
		});
		$("people-filter").addEventListener("input", () => this.fill());
		new ResizeObserver(() => this.draw()).observe(this.#list);
	}

	/** A room of thousands changes often: not more than a few times a second. */
	#later() {
		const n = this.model.active?.members.size ?? 0;

		if (n < 200) {
			this.fill();
		} else if (!this.#stale) {
			this.#stale = true;
			setTimeout(() => {
				this.#stale = false;
				this.fill();
			}, 250);
		}
	}

	#fill() {
		const room = this.model.active;
		const n = room?.kind === "room" ? room.members.size : 0;
		const words = $("people-filter").value.toLowerCase();

		$("people-filter").hidden = n < FILTER_FROM;
		$("people-count").textContent = n ? String(n) : "";
		$("users-count").textContent = n ? String(n) : "";
		$("open-users").setAttribute("aria-label", n ? `Users, ${n}` : "Users");
		this.#users = n
			? this.model.sorted(room)
			: room?.kind === "direct"
				? [
						{ nick: room.name, rank: 0 },
						{ nick: this.model.me.nick, rank: 0 },
					]
				: [];
		if (words && n >= FILTER_FROM)
			this.#users = this.#users.filter((u) => u.nick.toLowerCase().includes(words));
		this.#space.style.height = this.#users.length * ROW + "px";
		this.#at = Math.min(this.#at, this.#users.length - 1);
		this.#draw();
	}

	#draw() {
		const from = Math.max(0, Math.floor(this.#list.scrollTop / ROW) - 8);
		const to = Math.min(this.#users.length, from + Math.ceil(this.#list.clientHeight / ROW) + 16);
		const rows = [];

		for (let i = from; i < to; i++)
			rows.push(this.#row(this.#users[i], i));
		this.#space.replaceChildren(...rows);
		if (this.#at >= from && this.#at < to)
			this.#list.setAttribute("aria-activedescendant", "person-" + this.#at);
		else
			this.#list.removeAttribute("aria-activedescendant");
	}

	#row({ nick, rank }, i) {
		const u = this.model.known(nick);
		const state = u?.away ? "away" : u?.online === false ? "off" : "on";
		const el = h(
			`div.person.${state}`,
			{
				id: "person-" + i,
				role: "option",
				"aria-selected": String(i === this.#at),
				"aria-setsize": this.#users.length,
				"aria-posinset": i + 1,
				title: u?.away ? `${nick} is away${u.awayText ? `: ${u.awayText}` : ""}` : nick,
			},
			h(`span.avatar.small.n${nameColour(nick)}.${state}`, { "aria-hidden": "true" }, initial(nick)),
			h("span.person-name", {}, nick),
			u?.bot ? h("span.badge", {}, "bot") : null,
			state !== "on" ? h("span.hidden", {}, state === "away" ? " (away)" : " (not here)") : null,
			rank ? h("span.rank", { title: RANK_NAMES[rank] }, SIGNS[rank], h("span.hidden", {}, RANK_NAMES[rank])) : null,
		);

		el.dataset.nick = nick;
		el.style.top = i * ROW + "px";
		return el;
	}

	#choose(el) {
		if (!el)
			return;
		this.#at = Number(el.id.slice(7));
		this.menu(el.dataset.nick, el);
	}

	#key(e) {
		const page = Math.floor(this.#list.clientHeight / ROW) - 1;
		const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 }[e.key];

		if (step) {
			this.#at = Math.max(0, Math.min(this.#users.length - 1, this.#at + step));
			const y = this.#at * ROW;

			if (y < this.#list.scrollTop)
				this.#list.scrollTop = y;
			else if (y + ROW > this.#list.scrollTop + this.#list.clientHeight)
				this.#list.scrollTop = y + ROW - this.#list.clientHeight;
			this.#draw();
			e.preventDefault();
		} else if ((e.key === "Enter" || e.key === " ") && this.#at >= 0) {
			this.#choose($("person-" + this.#at));
			e.preventDefault();
		}
	}
}
