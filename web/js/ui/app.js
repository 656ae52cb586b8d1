// app.js - the window of somebody who is in: what its parts ask for is done here.

import { understand } from "../commands.js";
import { LOST_WORDS } from "../conn.js";
import { initial, nameColour, plain } from "../format.js";
import { isRoom } from "../irc.js";
import { SERVER, TALK } from "../model.js";
import { desktop, sound, title } from "../notify.js";
import { Session } from "../session.js";
import { keep, recall, settings } from "../settings.js";
import { ask, dialog } from "./dialogs.js";
import { commands } from "./doing.js";
import { $, announce, h, soon } from "./dom.js";
import { Input } from "./input.js";
import { Log } from "./log.js";
import { meMenu, messageMenu, messageTools, roomMenu, userMenu } from "./menus.js";
import { RoomList } from "./room_list.js";
import { Share } from "./share.js";
import { UserList } from "./user_list.js";
import { view } from "./viewer.js";
import { loginWindow, registerWindow, roomsWindow, searchWindow, settingsWindow, switchWindow } from "./windows.js";

const LOBBY = "#lobby";
const SAYING = new Set(["say", "me", "reply"]); // what is said where one is
const ALONE = new Set([...SAYING, "clear", "file", "help", "image", "info", "leave", "query", "quit", "settings"]); // needs no server, or waits

export class App {
	#tick = null;

	/** entered(who, account): it has begun, or who we are has changed. ended(why, code): it is over; "" for a wish of one's own. */
	constructor({ entered, ended }) {
		this.entered = entered;
		this.ended = ended;
		this.session = new Session({ onstate: (s, d) => this.#state(s, d) });
		this.model = this.session.model;
		const act = {
			user: (n, el) => userMenu(this, n, el),
			room: (n) => this.goTo(n),
			react: (m, what) => this.connected() && this.session.react(this.room, m, what),
			view: (m) => this.#view(m),
			renew: (m) => this.session.history.renew(this.room, m),
			retry: (r, m) => this.session.retry(r, m),
			discard: (r, m) => this.model.discard(r, m),
			asFile: (r, m) => {
				this.model.discard(r, m);
				this.share.share(r.name, [new File([m.text], "message.txt", { type: "text/plain" })]);
			},
			menu: (m, el, at) => messageMenu(this, m, el, at),
			attentive: () => this.#attend(),
		};

		this.commands = commands(this);
		this.share = new Share(this);
		this.log = new Log(this.session, act);
		this.rooms = new RoomList(this.model, { go: (r) => this.go(r), menu: (r, el) => roomMenu(this, r, el) });
		this.users = new UserList(this.model, (n, el) => userMenu(this, n, el));
		this.input = new Input(this.model, {
			say: (t, reply) => this.typed(t, reply),
			edit: (m, t) => this.connected() && this.session.edit(this.room, m, t),
			typing: (on) => this.room && this.session.typing(this.room, on),
			files: (list) => this.share.share(this.room?.name, list),
			attach: () => this.share.pick(this.room?.name),
			page: (d) => this.log.page(d),
			lastOwn: () => this.lastOwn(),
			enterSends: () => settings.enter,
		});
		this.head = soon(() => this.#head());
		this.model.on((what, room, detail) => this.#changed(what, room, detail));
		this.#buttons();
		this.#keys();
	}

	get room() {
		return this.model.active;
	}

	get settled() {
		return this.session.conn.ready;
	}

	// --- coming and going

	open(who) {
		const rooms = recall("chat.rooms", null)?.filter?.((r) => typeof r === "string" && isRoom(r)) ?? [];
		const wanted = new URLSearchParams(location.hash.slice(1)).get("room");
		const all = [...new Set([LOBBY, ...rooms, ...(wanted ? ["#" + wanted.replace(/^#/, "")] : [])])];

		this.first = wanted ? "#" + wanted.replace(/^#/, "") : recall("chat.last", LOBBY);
		this.shown = false;
		performance.clearMarks("chat-connect");
		performance.mark("chat-connect");
		this.session.open({ ...who, rooms: all });
	}

	#state(state, detail) {
		const banner = $("banner");

		if (this.#tick)
			clearInterval(this.#tick);
		this.#tick = null;
		$("app").classList.toggle("offline", state !== "ready");
		if (state === "ready") {
			banner.hidden = true;
			if (!this.inside) {
				this.inside = true;
				this.#entered();
				this.login.hide();
				this.#narrow(false);
				this.input.focus();
			} else if (detail.again) {
				announce("Connected again.");
			}
			this.#attend();
		} else if (state === "refused") {
			this.#over(detail);
		} else if (this.inside && state === "waiting") {
			this.#waiting(Date.now() + detail.ms);
		} else if (this.inside && (state === "connecting" || state === "registering")) {
			this.#banner("Connecting…");
		}
		this.head();
	}

	#over({ why, code }) {
		if (!this.inside) {
			this.login.busy(false);
			this.login.error(why, code);
			return;
		}
		// it was good once: what is on the screen stays, and whoever wants to can try again
		this.#banner(why, () => this.session.conn.open(this.session.who), "Connect again");
	}

	#banner(text, act = null, label = "") {
		$("banner").hidden = false;
		$("banner").replaceChildren(h("span", {}, text), act ? h("button", { type: "button", onclick: act }, label) : "");
	}

	#waiting(until) {
		const show = () => {
			const s = Math.max(0, Math.ceil((until - Date.now()) / 1000));

			$("banner").firstChild.textContent = `The connection is lost. Trying again ${s > 0 ? `in ${s} s` : "now"}. `;
		};

		this.#banner("", () => this.session.conn.poke(), "Try now");
		show();
		this.#tick = setInterval(show, 1000);
	}

	#entered() {
		if (this.inside)
			this.entered(this.session.who, this.model.me.account);
	}

	quit(words = "") {
		this.inside = false;
		this.share.stop();
		this.session.close(words);
		for (const room of [...this.model.rooms.values()])
			this.model.close(room);
		this.model.users.clear();
		this.model.me.account = "";
		this.model.look(null, false);
		this.ended("", "");
		announce("Left the chat room");
	}

	// --- what happens

	#changed(what, room, detail) {
		if (["active", "room", "members", "me", "user", "joined", "left", "rooms", "unread"].includes(what))
			this.head();
		if (what === "joined")
			this.#joined(room);
		else if (what === "left")
			this.#left(room, detail);
		else if (what === "typing")
			this.#typing();
		else if (what === "notify")
			this.#notify(room, detail);
		else if (what === "invited" && detail.me)
			this.#invited(detail);
		else if (what === "registered" && detail)
			dialog(
				detail === LOST_WORDS ? "Nobody can say whether an account was made" : "No account was made",
				h("p", {}, detail),
				h("p.soft", {}, "You are here as a guest."),
				h(
					"div.buttons",
					{},
					h("button.primary", { type: "button", onclick: () => registerWindow(this.session) }, "Try again"),
				),
			);
		else if (what === "message" && room !== this.room && detail.state === "failed")
			this.here(`${room.name}: ${detail.why}`, "error");
		else if (what === "me")
			this.#entered();
		else if (what === "reserved" && !this.room)
			loginWindow(this.session, detail);
		else if (what === "renamed")
			this.#remember();
		else if (what === "messages" && room === this.room && !this.shown)
			this.#first(room);
	}

	/** How long it took from the name to the first message, for whoever measures (performance.measure). */
	#first(room) {
		this.shown = room.messages.some((m) => TALK.has(m.kind));
		if (this.shown)
			requestAnimationFrame(() => setTimeout(() => performance.measure("chat-ready", "chat-connect")));
	}

	#joined(room) {
		const first = !this.room || (room.name === this.first && this.room.name === LOBBY);

		if (first)
			this.go(room);
		this.#remember();
	}

	#left(room, { kicked, by, why }) {
		this.#remember();
		if (kicked)
			announce(`You have been removed from ${room.name} by ${by}${why ? `: ${why}` : ""}`);
	}

	#remember() {
		keep(
			"chat.rooms",
			[...this.model.rooms.values()].filter((r) => r.kind === "room" && r.wanted).map((r) => r.name),
		);
	}

	#invited({ by, room }) {
		const here = this.room ?? this.model.open(SERVER);

		this.model.note(here, `${by} asks you into ${room}`);
		announce(`${by} asks you into ${room}`);
		sound();
	}

	#notify(room, m) {
		const looking = document.hasFocus() && room === this.room;

		if (looking || room.muted)
			return;
		sound();
		if (!document.hasFocus())
			desktop(room, m, () => this.go(room));
	}

	#typing() {
		const room = this.room;
		const now = Date.now();
		const names = room ? [...room.typing].filter(([, until]) => until > now).map(([n]) => n) : [];
		const words = !names.length
			? ""
			: names.length === 1
				? `${names[0]} is typing…`
				: names.length < 4
					? `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are typing…`
					: "Several people are typing…";

		$("typing").textContent = words;
		clearTimeout(this.typingTimer);
		if (names.length)
			this.typingTimer = setTimeout(() => this.#typing(), 1000);
	}

	#attend() {
		const room = this.room;

		if (room)
			this.session.look(room, document.hasFocus() && !document.hidden && this.log.atEnd && $("login").hidden);
		this.head();
	}

	#head() {
		const room = this.room;
		const me = this.model.me;

		title(this.model, this.model.isupport.NETWORK);
		$("me-name").textContent = me.nick;
		document.querySelector("#me .avatar").textContent = initial(me.nick || "?");
		document.querySelector("#me .avatar").className = `avatar n${nameColour(me.nick || "?")} ${me.away ? "away" : "on"}`;
		$("me-state").textContent = !this.settled ? "Not connected" : me.away ? "Away" : me.account ? "Logged in" : "Guest";
		if (!room) {
			$("title").textContent = "";
			return;
		}
		const user = room.kind === "direct" ? this.model.users.get(room.key) : null;

		$("title").textContent = room.kind === "server" ? "Server" : room.name;
		$("topic").textContent =
			room.kind === "direct"
				? user?.away
					? `Away${user.awayText ? `: ${user.awayText}` : ""}`
					: user?.online === false
						? "Not here"
						: ""
				: plain(room.topic);
		$("topic").hidden = room.kind !== "room" || (!room.topic && !this.model.mayTopic(room));
		if (room.kind === "direct" && $("topic").textContent)
			$("topic").hidden = false;
		if (room.kind === "room" && !room.topic)
			$("topic").textContent = "Set a topic";
		$("topic").classList.toggle("unset", room.kind === "room" && !room.topic);
		$("input").placeholder =
			room.kind === "server"
				? "/command"
				: room.kind === "direct"
					? `Message to ${room.name}`
					: `Enter Message for ${room.name}`;
		$("app").classList.toggle("alone", room.kind === "server");
		const out = room.kind === "room" && !room.joined && this.settled;

		$("out").hidden = !out;
		$("form").classList.toggle("out", out);
	}

	// --- going about

	go(room) {
		this.#narrow(false);
		if (room !== this.room) {
			// to be read, a room has to be shown first: its line stands before what is new
			this.session.look(room, false);
			keep("chat.last", room.name);
			requestAnimationFrame(() => this.#attend());
		}
		if (matchMedia("(hover: hover)").matches)
			this.input.focus();
		this.#typing();
	}

	/** To a room or person of that name, which may have to be joined. */
	goTo(name) {
		const room = this.model.room(name);

		if (room) {
			this.go(room);
			if (room.kind === "room" && !room.joined && this.settled)
				this.session.join(name);
		} else if (isRoom(name)) {
			if (!this.connected())
				return;
			this.enter(name);
		} else {
			this.go(this.model.open(name));
		}
	}

	/** Into a room where one is not, and it is shown. */
	async enter(name, key = "") {
		const room = await this.session.join(name, key);

		if (room)
			this.go(room);
	}

	#narrow(open) {
		document.body.classList.toggle("side-open", open);
		document.body.classList.remove("people-open");
		$("shade").hidden = !open;
	}

	#people() {
		if (matchMedia("(max-width: 900px)").matches) {
			const open = document.body.classList.toggle("people-open");

			$("shade").hidden = !open;
			if (open)
				$("people-list").focus();
		} else {
			document.body.classList.toggle("no-people");
		}
		$("open-users").setAttribute("aria-expanded", String(!document.body.classList.contains("no-people")));
	}

	// --- what is typed

	here(text, kind = "info") {
		this.model.note(this.room ?? this.model.open(SERVER), text, kind);
	}

	lastOwn() {
		return this.room?.messages.findLast((m) => m.own && m.msgid && !m.deleted && m.kind === "text" && !m.file) ?? null;
	}

	/** True: something can be asked of the server; else it is said that nothing can. */
	connected() {
		if (!this.settled)
			this.here("You are not connected just now.", "error");
		return this.settled;
	}

	#no(why) {
		this.here(why, "error");
		return false;
	}

	/** A line, or several. False: nothing has come of it. */
	typed(line, reply = "") {
		const what = understand(line);
		const room = this.room;

		if (what.do === "error")
			return this.#no(what.text);
		if (SAYING.has(what.do) && room.kind === "server")
			return this.#no("Nobody reads this here. Choose a room first.");
		if (SAYING.has(what.do) && room.kind === "room" && !room.wanted)
			return this.#no("You are not in this room.");
		if (what.do === "say") {
			this.session.say(room, what.text, { reply });
		} else if (what.do === "msg") {
			if (isRoom(what.to) && !this.model.room(what.to))
				return this.#no(`You are not in ${what.to}.`);
			this.session.say(this.model.open(what.to), what.text);
			if (room !== this.model.room(what.to))
				this.here(`To ${what.to}: ${what.text}`);
		} else if (what.do !== "nothing" && (ALONE.has(what.do) || this.connected())) {
			this.commands[what.do](what.args, what.rest.trim(), room);
		} else {
			return what.do === "nothing";
		}
		return true;
	}

	info(room) {
		if (room?.kind !== "room") {
			this.here("This is not a room.", "error");
			return;
		}
		this.here(
			`Number of people in the chat room: ${room.members.size}. They are: ${this.model
				.sorted(room)
				.map((u) => u.nick)
				.slice(0, 500)
				.join(", ")}`,
		);
	}

	leave(room) {
		if (!room || room.kind === "server")
			return;
		const shown = room === this.room;

		this.session.leave(room);
		this.#remember();
		if (shown)
			this.go(this.model.listed()[0] ?? this.model.open(SERVER));
	}

	search(words = "") {
		searchWindow(this.session, this.room?.kind === "server" ? null : this.room, words, async (m) => {
			this.goTo(m.place);
			if (m.msgid)
				await this.log.jump(m.msgid, m.at);
		});
	}

	topic(room) {
		if (!this.model.mayTopic(room)) {
			dialog(
				`Topic of ${room.name}`,
				h("p", {}, plain(room.topic) || "There is none."),
				room.topicBy ? h("p.soft", {}, `Set by ${room.topicBy}`) : null,
			);
			return;
		}
		ask(
			`Topic of ${room.name}`,
			[
				{
					name: "topic",
					label: "Topic",
					props: { value: room.topic, maxLength: Number(this.model.isupport.TOPICLEN) || 390, rows: 3 },
				},
			],
			"Set",
			({ topic }) => this.session.topic(room, topic),
		);
	}

	#view(m) {
		const { room } = this;
		const pictures = room.messages.filter((o) => o.file?.image);

		view(pictures, pictures.indexOf(m), (o) => this.session.history.renew(room, o));
	}

	// --- buttons and keys

	#buttons() {
		const on = (id, fn) => $(id).addEventListener("click", (e) => fn(e.currentTarget));

		on("me", (el) => meMenu(this, el));
		on("side-settings", settingsWindow);
		on("join", () => roomsWindow(this.session, (name) => this.goTo(name)));
		on("disconnect", () => this.quit());
		on("open-side", () => this.#narrow(!document.body.classList.contains("side-open")));
		on("open-users", () => this.#people());
		on("open-search", () => this.search());
		on("room-menu", (el) => this.room && roomMenu(this, this.room, el));
		on("topic", () => this.room?.kind === "room" && this.topic(this.room));
		document.querySelector("#out button").addEventListener("click", () => this.room && this.session.join(this.room.name));
		on("shade", () => this.#narrow(false));
		for (const what of ["focus", "blur"])
			addEventListener(what, () => this.#attend());
		document.addEventListener("visibilitychange", () => {
			this.#attend();
			if (!document.hidden && this.inside)
				this.session.conn.poke();
		});
		addEventListener("pageshow", (e) => e.persisted && this.inside && this.session.conn.poke());
		addEventListener("online", () => this.inside && this.session.conn.poke());
		addEventListener("pagehide", () => this.inside && this.session.conn.send("QUIT", ["the page was closed"]));
		messageTools(this);
	}

	#keys() {
		addEventListener("keydown", (e) => {
			if (!this.inside)
				return;
			const ctrl = e.ctrlKey || e.metaKey;

			if (ctrl && e.key.toLowerCase() === "k") {
				switchWindow(
					this.model,
					(r) => this.go(r),
					(n) => this.goTo(n),
				);
			} else if (ctrl && e.shiftKey && e.key.toLowerCase() === "f") {
				this.search();
			} else if (e.altKey && (e.key === "ArrowUp" || e.key === "ArrowDown")) {
				const room = this.rooms.next(e.key === "ArrowUp" ? -1 : 1, e.shiftKey);

				if (room)
					this.go(room);
			} else if (e.key === "Escape" && !document.querySelector("dialog[open], .menu")) {
				this.#narrow(false);
				this.log.toEnd();
				this.input.focus();
			} else if (e.key.length === 1 && !ctrl && !e.altKey && this.#idle()) {
				this.input.focus();
				return;
			} else {
				return;
			}
			e.preventDefault();
		});
	}

	/** Nothing has the focus that wants letters. */
	#idle() {
		const el = document.activeElement;

		return (
			(el === document.body || el === $("log") || el?.closest?.("#log-list")) &&
			!document.querySelector("dialog[open], .menu")
		);
	}
}
