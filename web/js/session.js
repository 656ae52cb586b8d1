// session.js - somebody in the chat: the connection and the model together. Joins and joins again, fetches what was missed, sends and
// sees that it arrives. The page and the tests drive it; it knows no document.

import { Conn, LOST_WORDS } from "./conn.js";
import { EDIT_TAG } from "./events.js";
import { bytes, escapeTag, format, isError, lists, same, sayLines, wordsOf } from "./irc.js";
import { place } from "./filetag.js";
import { History, LACKS, LOST } from "./history.js";
import { ID_TAG, Model, SERVER } from "./model.js";

const ESCAPED_TAG = "+chatd.org/escaped";
const JOINS = 8; // rooms in one JOIN
const LACKS_MS = 30000;
const DIRECTS = 12; // talks that are shown at a login
const TYPING_MS = 3000;
const WHO_MAX = 2000; // rooms with more are not asked who is away

/** What errors of the server are about: the parameter that has the place. Others go where one is. */
const ABOUT = { 401: 1, 403: 1, 404: 1, 405: 1, 442: 1, 471: 1, 473: 1, 474: 1, 475: 1, 477: 1, 482: 1 };
/** Refusals of a JOIN. */
const NOT_IN = new Set(["403", "405", "471", "473", "474", "475", "477"]);
/** Numerics that are no news for a reader. */
const SILENT = new Set([
	"002",
	"003",
	"004",
	"251",
	"252",
	"253",
	"254",
	"255",
	"265",
	"266",
	"375",
	"376",
	"422",
	"221",
	"329",
	"346",
	"347",
	"348",
	"349",
	"367",
	"368",
	"728",
	"729",
	"352",
	"903",
]);

const id = () => Array.from(crypto.getRandomValues(new Uint8Array(9)), (b) => (b % 36).toString(36)).join("");

export class Session {
	#typed = { room: null, at: 0 };
	#readTimers = new Map();
	#left = [];
	#rooms = [];

	constructor({ env = {}, model = new Model(), onstate = () => {} } = {}) {
		this.model = model;
		this.env = { later: (fn, ms) => setTimeout(fn, ms), now: Date.now, ...env };
		this.conn = new Conn({ onmessage: (m) => this.#message(m), onstate: (s, d) => this.#state(s, d), env });
		this.history = new History(this.conn, model, this.env);
		this.onstate = onstate;
		model.on((what, room) => this.#changed(what, room));
	}

	get caps() {
		return this.conn.caps;
	}

	/** who: as Conn.open(), and rooms: the names of those to go into; register: { email, password, invite }. */
	open(who) {
		const { host, protocol } = new URL(who.url);

		place.origin = `${protocol === "wss:" ? "https:" : "http:"}//${host}`;
		this.who = who;
		this.#rooms = who.rooms ?? [];
		this.conn.open(who);
	}

	close(words) {
		this.conn.close(words);
		this.who = { nick: "" };
		this.model.lost();
	}

	// --- coming and going

	#state(state, detail) {
		if (state === "ready")
			this.#ready();
		else if (state === "waiting" || state === "refused")
			this.model.lost();
		this.onstate(state, detail);
	}

	async #ready() {
		const were = [...this.model.rooms.values()].filter((r) => r.kind === "room" && r.wanted).map((r) => r.name);
		const wanted = were.length ? were : this.#rooms;
		const { epoch } = this.conn;

		this.model.me.nick = this.conn.nick;
		if (this.who.register) {
			const register = this.who.register;

			this.who.register = null;
			this.model.tell("registered", null, await this.register(register));
			if (this.conn.epoch !== epoch)
				return;
		}
		for (const list of lists("JOIN", wanted, JOINS))
			this.conn.send("JOIN", [list]);
		this.#monitor();
		await this.#directs();
		if (this.conn.epoch !== epoch)
			return;
		for (const r of [...this.model.rooms.values()].filter(
			(x) => x.kind === "direct" && (x.anchor || this.model.pending(x).length),
		))
			this.#catchUp(r);
	}

	#changed(what, room) {
		if (what === "joined")
			this.#arrived(room);
		else if (what === "read")
			this.#markLater(room);
		else if (
			what === "rooms" &&
			room?.kind === "direct" &&
			this.model.rooms.has(room.key) &&
			this.conn.ready &&
			this.model.isupport.MONITOR
		)
			this.conn.send("MONITOR", ["+", room.name]);
	}

	async #arrived(room) {
		room.asked = false;
		await this.#catchUp(room);
		if (room === this.model.active)
			this.#about(room);
	}

	/** Who is away, and the modes: when somebody looks, so that coming in with many rooms takes few lines. */
	#about(room) {
		if (room.asked || !room.joined)
			return;
		room.asked = true;
		if (room.members.size <= WHO_MAX && this.model.isupport.WHOX !== undefined)
			this.conn.send("WHO", [room.name, "%tnfa,7"]);
		this.conn.send("MODE", [room.name]);
	}

	#monitor() {
		const names = [...this.model.rooms.values()].filter((r) => r.kind === "direct").map((r) => r.name);

		for (const list of lists("MONITOR +", names))
			this.conn.send("MONITOR", ["+", list]);
	}

	/** The talks with people that there have been, of an account. */
	async #directs() {
		const { epoch } = this.conn;

		for (const { name, at } of await this.history.talks(DIRECTS)) {
			const room = this.model.open(name, at);

			if (room.last() || !(room.more || room.lacks))
				continue;
			if (this.caps.has("draft/read-marker"))
				this.conn.send("MARKREAD", [room.name]);
			await this.#catchUp(room);
			if (this.conn.epoch !== epoch)
				return;
		}
	}

	/** Everything behind the last message that was here; then what was never confirmed is either here, or is said again. */
	async #catchUp(room) {
		room.catching = room.loading = true;
		const known = await (room.anchor ? this.history.after(room) : this.history.latest(room));

		if (known === LOST)
			return; // the next time from the same place
		if (known === true)
			room.anchor = null;
		else if (known === LACKS)
			this.#catchUpLater(room);
		room.catching = room.loading = false;
		this.model.tell("history", room);
		for (const m of this.model.pending(room)) {
			if (m.flying)
				continue;
			if (known === true || !m.tried)
				this.#send(room, m);
			else
				this.model.failed(room, m, "The connection was lost. Nobody can say whether this has arrived.");
		}
	}

	/** When the server may have written it to its disk. */
	#catchUpLater(room) {
		const { epoch } = this.conn;

		this.env.later(() => {
			if (this.conn.epoch !== epoch || this.model.room(room.name) !== room || (room.kind === "room" && !room.joined))
				return;
			if (room.loading)
				this.#catchUpLater(room);
			else
				this.#catchUp(room);
		}, LACKS_MS);
	}

	// --- reading

	/** The page shows room, and somebody looks at its end or does not. */
	look(room, attentive) {
		const read = this.model.look(room, attentive);

		if (read)
			this.#markLater(read);
		if (room)
			this.#about(room);
		if (room && !room.messages.length && room.kind !== "server" && room.more && !room.loading && this.conn.ready)
			this.#catchUp(room);
	}

	#markLater(room) {
		if (this.#readTimers.has(room))
			return;
		this.#readTimers.set(
			room,
			this.env.later(() => {
				this.#readTimers.delete(room);
				if (this.caps.has("draft/read-marker") && room.kind !== "server" && this.conn.ready)
					this.conn.send("MARKREAD", [room.name, `timestamp=${new Date(room.readAt).toISOString()}`]);
			}, 700),
		);
	}

	// --- saying

	/** text to room; what it shows of it is there at once. kind: text, action. */
	say(room, text, { kind = "text", reply = "" } = {}) {
		const m = this.model.saying(room, text, { kind, reply, id: id() });

		this.typing(room, false);
		// behind what may have to be said again, so that all stays in its order
		const waits = room.catching && this.model.pending(room).some((p) => p !== m && !p.flying);

		if (this.conn.ready && (room.kind !== "room" || room.joined) && !waits)
			this.#send(room, m);
		return m;
	}

	retry(room, m) {
		this.model.retried(room, m);
		m.cid = id();
		if (this.conn.ready)
			this.#send(room, m);
	}

	async #send(room, m) {
		const tags = this.caps.has("message-tags") ? { [ID_TAG]: m.cid, ...(m.reply ? { "+draft/reply": m.reply } : {}) } : {};
		const multi = this.caps.has("draft/multiline") && this.caps.has("batch");
		const text = m.kind === "action" ? `\x01ACTION ${m.text.replace(/\n/g, " ")}\x01` : m.text;
		const limits = this.caps.value("draft/multiline");

		if (
			multi &&
			m.kind === "text" &&
			(bytes(m.text) > (Number(limits["max-bytes"]) || 4096) ||
				m.text.split("\n").length > (Number(limits["max-lines"]) || 64))
		) {
			m.long = true;
			this.model.failed(
				room,
				m,
				`This is too long: ${limits["max-lines"] || 64} lines and ${limits["max-bytes"] || 4096} bytes are the most.`,
			);
			return;
		}
		const lines =
			m.kind === "action"
				? [format("PRIVMSG", [room.name, text], tags)]
				: sayLines(room.name, text, { tags, multi, batch: "m" + m.cid });

		m.tried = true;
		m.flying = true;
		const answer = await this.conn.ask("", [], { lines });

		m.flying = false;
		// lost: #catchUp() looks after it
		if (answer === null || m.state !== "sending")
			return;
		// a server without labels: it is taken as sent
		if (answer === undefined) {
			this.#delivered(room, m);
			return;
		}
		const error = answer.find(isError);

		if (error)
			this.model.failed(room, m, wordsOf(error, room));
		else
			this.#delivered(room, m);
	}

	#delivered(room, m) {
		m.state = "delivered";
		this.model.tell("message", room, m);
	}

	edit(room, m, text) {
		if (text !== m.text && m.msgid)
			this.conn
				.ask("", [], {
					lines: sayLines(room.name, text, {
						tags: { [EDIT_TAG]: m.msgid },
						multi: this.caps.has("draft/multiline"),
						batch: "e" + id(),
					}),
				})
				.then((answer) => this.#complain(answer, room));
	}

	redact(room, m) {
		this.conn.ask("REDACT", [room.name, m.msgid]).then((answer) => this.#complain(answer, room, true));
	}

	react(room, m, what) {
		const mine = m.reactions?.get(what)?.has(this.model.me.nick);
		const tag = mine ? "+draft/unreact" : "+draft/react";

		this.conn.send("TAGMSG", [room.name], {
			[tag]: what,
			"+draft/reply": m.msgid,
			...(mine ? { "+draft/persist": "" } : {}),
		});
	}

	typing(room, active) {
		const now = this.env.now();

		const absent =
			room.kind === "room" ? !room.joined : room.kind === "server" || this.model.users.get(room.key)?.online === false;

		if (!this.caps.has("message-tags") || !this.conn.ready || absent)
			return;
		if (active ? this.#typed.room === room && now - this.#typed.at < TYPING_MS : this.#typed.room !== room)
			return;
		this.#typed = { room: active ? room : null, at: now };
		this.conn.send("TAGMSG", [room.name], { "+typing": active ? "active" : "done" });
	}

	/** Errors in answer are shown already (onmessage); those of the standard replies not. */
	#complain() {}

	// --- rooms, people

	/** Resolves with the room, which may be written otherwise than we do; null: it is not let in. */
	async join(name, key = "") {
		const answer = await this.conn.ask("JOIN", key ? [name, key] : [name]);
		const m = answer?.find((a) => a.command === "JOIN" && this.model.isMe(a.nick));
		const room = this.model.room(m?.params[0] ?? name);

		return room?.joined ? room : null;
	}

	leave(room, words = "") {
		if (room.kind === "room" && room.joined)
			this.conn.send("PART", words ? [room.name, words] : [room.name]);
		else if (room.kind === "direct" && this.model.isupport.MONITOR && this.conn.ready)
			this.conn.send("MONITOR", ["-", room.name]);
		room.wanted = false;
		this.model.close(room);
	}

	/** Sets the topic, on one line. Returns "", or why not. */
	topic(room, text) {
		const words = text.replace(/\s+/g, " ").trim();
		const most = Number(this.model.isupport.TOPICLEN) || 390;

		if (bytes(words) > most)
			return `A topic has at most ${most} bytes; this one has ${bytes(words)}.`;
		this.conn.send("TOPIC", [room.name, words]);
		return "";
	}

	mode(room, ...params) {
		this.conn.send("MODE", [room.name, ...params]);
	}

	/** A command whose answer a window shows: [{ command, params }], null: none came. */
	fetch(command, params) {
		return this.conn.ask(command, params, { quiet: true });
	}

	// --- accounts

	/** Makes an account of the name one has. Resolves with "" or why not. */
	async register({ email = "", password, invite = "" }) {
		if (invite.trim()) {
			const words = await this.services("REGISTER", password, email || "*", invite.trim());

			return this.#outcome(/You have registered/.test(words), words || "No answer.", password);
		}
		const answer = await this.conn.ask("REGISTER", ["*", email || "*", password]);

		if (answer === null)
			return LOST_WORDS;
		const bad = answer?.find((m) => isError(m) && m.command !== "421");
		const good = answer?.some((m) => m.command === "REGISTER" && m.params[0] === "SUCCESS");

		return this.#outcome(good, bad?.params.at(-1) ?? "There are no accounts on this server.", password);
	}

	/** Who has an account now comes back to it after a loss. */
	#outcome(good, why, password) {
		if (good)
			Object.assign(this.who, { account: this.model.me.account || this.conn.nick, password });
		return good ? "" : why;
	}

	/** NickServ's answer, as one text. Each of the words may be anything: passwords are among them. */
	async services(...words) {
		const answer = this.caps.has("message-tags")
			? await this.conn.ask("NS", [words.map(escapeTag).join(" ")], { tags: { [ESCAPED_TAG]: "" }, quiet: true })
			: await this.conn.ask("NS", words, { quiet: true });

		if (answer === null)
			return LOST_WORDS;
		(answer ?? []).filter((m) => m.command !== "NOTICE").forEach((m) => this.#message(m));
		return (answer ?? [])
			.filter((m) => m.command === "NOTICE")
			.map((m) => m.params.at(-1))
			.join("\n");
	}

	// --- what comes

	#message(m) {
		if (m.batch) {
			m.messages.forEach((one) => this.#message(one));
			return;
		}
		if (m.command === "NICK" && this.model.isMe(m.nick))
			this.conn.rename(m.params[0]);
		if (m.command === "INVITE") {
			this.model.tell("invited", null, { by: m.nick, room: m.params[1], me: same(m.params[0], this.model.me.nick) });
			return;
		}
		if (m.command === "NOTE" || m.command === "WARN" || m.command === "FAIL") {
			if (m.params[0] === "MARKREAD")
				return; // of talks with guests nothing is kept: no news for a reader
			const text = m.params.at(-1).replace(/: \/NS IDENTIFY password;/, " (/login);");

			if (m.params[1] === "NICK_RESERVED")
				this.model.tell("reserved", null, text);
			this.model.note(this.#here(m), text, m.command === "FAIL" ? "error" : "info");
			return;
		}
		if (this.model.take(m) || SILENT.has(m.command)) {
			// who has logged out stays so, also after a loss
			if (m.command === "901" && this.who)
				this.who.password = "";
			return;
		}
		if (/^\d{3}$/.test(m.command))
			this.#numeric(m);
		else if (m.command === "ERROR")
			this.model.note(this.model.open(SERVER), m.params[0] ?? "", "error");
	}

	/** Where something is shown that has no place of its own. */
	#here(m) {
		const named = m.params.map((p) => this.model.room(p)).find((r) => r && r.kind !== "server");

		return named ?? this.model.active ?? this.model.open(SERVER);
	}

	/** A room that we want to be in does not let us in: what waits for that has not been said. */
	#notIn(room, why) {
		room.wanted = false;
		for (const m of this.model.pending(room))
			this.model.failed(room, m, why);
		this.model.tell("rooms", room);
	}

	#numeric(m) {
		const error = m.command >= "400";
		const place = error && ABOUT[m.command] ? this.model.room(m.params[ABOUT[m.command]]) : null;

		if (place?.wanted && !place.joined && NOT_IN.has(m.command))
			this.#notIn(place, wordsOf(m));
		const welcome = m.command < "100" || m.command === "372";

		if (m.command === "433" && this.conn.ready && this.conn.nick !== this.who.nick && same(m.params[1] ?? "", this.who.nick))
			return; // trying to have one's old name again
		// what was said to somebody who is not there stands beside the message
		if (["401", "404"].includes(m.command) && place && (m.tags.label !== undefined || place.kind === "direct"))
			return;
		this.model.note(
			welcome ? this.model.open(SERVER) : (place ?? this.model.active ?? this.model.open(SERVER)),
			wordsOf(m),
			error ? "error" : "info",
		);
	}
}
