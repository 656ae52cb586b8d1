// log.js - the messages of the room on show. Only those near the viewport are in the document, however many there are: two spacers
// stand for the others, as high as these were when they were seen, or as a guess.

import { $, announce, h, soon } from "./dom.js";
import { plain } from "../format.js";
import { TALK } from "../model.js";
import { onSetting, settings } from "../settings.js";
import { Rows, sign, summary } from "./row.js";

const MARGIN = 900; // pixels beyond the viewport on either side
const GUESS = 30; // a row's height
const END = 48; // so near to the end is at the end
const QUIET = new Set(["join", "part", "quit", "nick"]);

export class Log {
	#el = $("log");
	#list = $("log-list");
	#top = $("log-top");
	#items = [];
	#shown = new Map(); // message -> { el, sign }
	#heights = new WeakMap();
	#dirty = new Set();
	#stick = true;
	#width = 0;
	#sums = new WeakMap(); // first of several who came and went -> the line for all
	#wasAt = new WeakMap(); // room -> { key, off } where somebody had scrolled to

	/** act: see row.js, and menu(m, el), attentive(bool), older(room). */
	constructor(session, act) {
		this.session = session;
		this.model = session.model;
		this.act = act;
		this.rows = new Rows(this.model, { ...act, jump: (id) => this.jump(id) });
		this.draw = soon(() => this.#draw());
		this.#el.addEventListener("scroll", () => this.#scrolled(), { passive: true });
		this.#el.addEventListener("keydown", (e) => this.#key(e));
		this.#list.addEventListener("contextmenu", (e) => this.#menu(e));
		$("to-end").addEventListener("click", () => this.toEnd());
		new ResizeObserver(() => this.#resized()).observe(this.#el);
		new ResizeObserver(() => this.#stick && this.#pin()).observe(this.#list);
		this.model.on((what, room, detail) => this.#changed(what, room, detail));
		onSetting(() => this.#again());
	}

	get room() {
		return this.model.active;
	}

	get atEnd() {
		return this.#stick;
	}

	// --- what is shown

	#changed(what, room, detail) {
		if (what === "active") {
			this.#again();
			this.#stick = true;
			const was = room && this.#wasAt.get(room);

			this.#fill();
			this.#draw();
			if (was && !room.line)
				this.#restore(was);
			else if (room?.line)
				this.#toLine();
			return;
		}
		if (room !== this.room)
			return;
		if (what === "message") {
			this.#dirty.add(detail);
			this.draw();
		} else if (what === "messages" || what === "history" || what === "joined") {
			if (detail?.added === 1 && !detail.history)
				this.#live(room.messages[detail.at]);
			this.#fill();
			this.draw();
		}
	}

	/** A new line: told to who listens; our own brings us to the end. */
	#live(m) {
		if (m?.own && m.state === "sending")
			this.#stick = true;
		else if (m && TALK.has(m.kind) && !m.own)
			announce(`${m.nick}: ${m.file ? m.file.name : plain(m.text)}`);
		else if (m?.kind === "error")
			announce(m.text);
	}

	#fill() {
		const room = this.room;

		this.#items = !room ? [] : settings.joins ? this.#fold(room.messages) : room.messages.filter((m) => !QUIET.has(m.kind));
	}

	/** Three and more of those who come and go are one line. */
	#fold(list) {
		const out = [];
		let run = [];

		for (const m of list) {
			if (QUIET.has(m.kind)) {
				run.push(m);
				continue;
			}
			this.#flush(out, run);
			run = [];
			out.push(m);
		}
		this.#flush(out, run);
		return out;
	}

	#flush(out, run) {
		if (run.length < 3) {
			out.push(...run);
			return;
		}
		const sum = this.#sums.get(run[0]) ?? { key: -run[0].key, kind: "quit", at: run[0].at, n: 0, text: "" };

		if (sum.n !== run.length) {
			sum.n = run.length;
			sum.text = summary(run);
			this.#sums.set(run[0], sum);
			this.#dirty.add(sum);
		}
		out.push(sum);
	}

	#again() {
		this.#shown.clear();
		this.#list.replaceChildren();
		this.#heights = new WeakMap();
		this.#fill();
		this.draw();
	}

	#resized() {
		if (this.#el.clientWidth !== this.#width) {
			this.#width = this.#el.clientWidth;
			this.#heights = new WeakMap();
		}
		if (this.#stick)
			this.#pin();
		this.draw();
	}

	#height(m) {
		return this.#heights.get(m) ?? GUESS;
	}

	/** How far below the beginning of the list m is. */
	#offset(m) {
		let y = 0;

		for (const item of this.#items) {
			if (item === m)
				return y;
			y += this.#height(item);
		}
		return -1;
	}

	/**
	 * Indices of the rows that are to be in the document, and the heights of those that are not: [start, end, above, below].
	 * anchor: what is to stay where it is, whatever has come above it.
	 */
	#window(anchor) {
		const at = anchor ? this.#offset(anchor.m) : -1;
		const view = this.#el.clientHeight;
		const list = this.#items;
		let total = 0;
		let start = -1;
		let end = list.length;
		let above = 0;

		for (const m of list)
			total += this.#height(m);
		const top = Math.max(
			0,
			this.#stick ? total - view : at >= 0 ? at - anchor.off : this.#el.scrollTop - this.#list.offsetTop,
		);
		let y = 0;

		for (let i = 0; i < list.length; i++) {
			const next = y + this.#height(list[i]);

			if (start < 0 && next >= top - MARGIN) {
				start = i;
				above = y;
			}
			if (y > top + view + MARGIN) {
				end = i;
				break;
			}
			y = next;
		}
		if (start < 0) {
			start = Math.max(0, list.length - 1);
			above = total - (list.length ? this.#height(list.at(-1)) : 0);
		}
		return [start, end, above, Math.max(0, total - (end < list.length ? y : total))];
	}

	#draw() {
		const room = this.room;

		if (!room) {
			this.#list.replaceChildren();
			return;
		}
		const anchor = this.#stick ? null : this.#first(this.#el.scrollTop);

		this.#put(room, anchor);
		// what was a guess is known now: what is near may be other rows
		if (this.#measure()) {
			this.#put(room, anchor);
			this.#measure();
		}
		if (this.#stick)
			this.#pin();
		else if (anchor)
			this.#hold(anchor);
		this.#ends(room);
	}

	#put(room, anchor) {
		const [start, end, above, below] = this.#window(anchor);
		const fresh = this.#fresh(room);
		const keep = new Set();
		let at = this.#list.firstChild;

		for (let i = start; i < end; i++) {
			const m = this.#items[i];
			const s = sign(m, this.#items[i - 1], room, m === fresh);
			let row = this.#shown.get(m);

			keep.add(m);
			if (!row || row.key !== s.key + s.grouped || this.#dirty.has(m)) {
				const el = this.rows.make(m, room, s);

				if (row) {
					if (row.el === at)
						at = at.nextSibling;
					row.el.remove();
				}
				row = { el, key: s.key + s.grouped };
				this.#shown.set(m, row);
				this.#heights.delete(m);
			}
			if (row.el === at)
				at = at.nextSibling;
			else
				this.#list.insertBefore(row.el, at);
		}
		for (const [m, row] of this.#shown) {
			if (!keep.has(m)) {
				row.el.remove();
				this.#shown.delete(m);
			}
		}
		this.#dirty.clear();
		this.#list.style.paddingTop = above + "px";
		this.#list.style.paddingBottom = below + "px";
	}

	/** The first message behind the line "new". */
	#fresh(room) {
		let first = null;

		for (let i = this.#items.length - 1; room.line > 0 && i >= 0 && this.#items[i].at > room.line; i--) {
			if (TALK.has(this.#items[i].kind) && !this.#items[i].own)
				first = this.#items[i];
		}
		return first;
	}

	/** True: some were not known. */
	#measure() {
		let news = false;

		for (const [m, row] of this.#shown) {
			const height = row.el.offsetHeight;

			if (this.#heights.get(m) !== height) {
				this.#heights.set(m, height);
				news = true;
			}
		}
		return news;
	}

	// --- where one is

	/** The uppermost row in sight. */
	#first(top) {
		let best = null;

		for (const [m, row] of this.#shown) {
			const y = row.el.offsetTop;

			if (y + row.el.offsetHeight > top && (!best || y - top < best.off))
				best = { m, off: y - top };
		}
		return best;
	}

	#hold({ m, off }) {
		const row = this.#shown.get(m);

		if (row && Math.abs(row.el.offsetTop - off - this.#el.scrollTop) > 0.5)
			this.#el.scrollTop = row.el.offsetTop - off;
	}

	#pin() {
		this.#el.scrollTop = this.#el.scrollHeight;
	}

	#restore({ m, off }) {
		this.show(m, off);
	}

	/** Scrolls so that m is off pixels below the top. */
	show(m, off = 80) {
		const i = this.#items.indexOf(m);

		if (i < 0)
			return;
		this.#stick = false;
		for (let pass = 0; pass < 3; pass++) {
			let y = this.#list.offsetTop;

			for (let k = 0; k < i; k++)
				y += this.#height(this.#items[k]);
			this.#el.scrollTop = this.#shown.has(m) ? this.#shown.get(m).el.offsetTop - off : y - off;
			this.#draw();
		}
		this.#hold({ m, off });
		this.#ends(this.room);
	}

	#toLine() {
		const m = this.#fresh(this.room);

		if (m && this.#items.length - this.#items.indexOf(m) > 8)
			this.show(m, 120);
		this.#look();
	}

	toEnd() {
		this.#stick = true;
		this.#draw();
		this.#look();
	}

	/** To the message with that id, which is fetched if need be. */
	async jump(id, at = 0) {
		const room = this.room;
		const m = await this.session.history.find(room, id, at);

		if (!m || room !== this.room) {
			announce("That message is not here any more.");
			return false;
		}
		this.#fill();
		this.show(m, this.#el.clientHeight / 3);
		const el = this.#shown.get(m)?.el;

		el?.classList.add("flash");
		setTimeout(() => el?.classList.remove("flash"), 2000);
		el?.focus({ preventScroll: true });
		return true;
	}

	page(direction) {
		this.#el.scrollBy({ top: direction * this.#el.clientHeight * 0.85 });
	}

	// --- events

	#scrolled() {
		const el = this.#el;
		const stick = el.scrollHeight - el.scrollTop - el.clientHeight < END;
		const room = this.room;

		if (stick !== this.#stick) {
			this.#stick = stick;
			this.#look();
		}
		if (room) {
			const first = stick ? null : this.#first(el.scrollTop);

			first ? this.#wasAt.set(room, first) : this.#wasAt.delete(room);
			if (el.scrollTop < el.clientHeight * 1.5 && room.more && !room.loading && room.messages.length)
				this.session.history.older(room);
		}
		this.draw();
	}

	#look() {
		this.act.attentive();
		if (this.room)
			this.#ends(this.room);
	}

	#ends(room) {
		const button = $("to-end");

		button.hidden = this.#stick;
		button.lastElementChild.textContent = room.unread ? String(room.unread) : "";
		const words = room.loading
			? "Loading…"
			: room.more
				? ""
				: room.kind === "room"
					? `This is the beginning of what can be read in ${room.name}.`
					: room.kind === "direct"
						? `This is the beginning of your talk with ${room.name}.`
						: "What the server says stands here. To talk, join a room.";

		if (this.#top.textContent !== words)
			this.#top.replaceChildren(h("p.soft", {}, words));
		this.#el.setAttribute("aria-busy", String(room.loading));
		if (!room.loading && room.more && room.messages.length && this.#el.scrollHeight <= this.#el.clientHeight + 200)
			this.session.history.older(room);
	}

	/** The message of an element within a row. */
	of(el) {
		const key = Number(el?.closest?.(".row")?.dataset.key);

		return key > 0 ? (this.#items.find((m) => m.key === key) ?? null) : null;
	}

	#menu(e) {
		const m = this.of(e.target);

		if (!m || !TALK.has(m.kind) || e.target.closest("a, img") || String(getSelection()))
			return;
		e.preventDefault();
		this.act.menu(m, e.target.closest(".row"), { x: e.clientX, y: e.clientY });
	}

	#key(e) {
		const row = e.target.closest?.(".row");

		if (e.key === "ArrowUp" || e.key === "ArrowDown") {
			const up = e.key === "ArrowUp";
			const to = row ? (up ? row.previousElementSibling : row.nextElementSibling) : up ? this.#lastInSight() : null;

			if (to) {
				to.focus();
				e.preventDefault();
			} else if (row && !up) {
				$("input").focus();
				e.preventDefault();
			}
		} else if (e.key === "End") {
			this.toEnd();
			e.preventDefault();
		} else if (row && e.target === row && (e.key === "Enter" || e.key === "ContextMenu" || (e.shiftKey && e.key === "F10"))) {
			const m = this.of(row);

			if (m && TALK.has(m.kind))
				this.act.menu(m, row);
			e.preventDefault();
		}
	}

	#lastInSight() {
		const end = this.#el.scrollTop + this.#el.clientHeight;

		return [...this.#list.children].findLast((el) => el.offsetTop < end - 10) ?? null;
	}
}
