// model.js - what the page knows: rooms, people, messages, what has been read. Pure: messages from the server come in by
// take() and history(), whoever wants to know of changes gives a function to on(). No sockets, no page, no clock but now().

import { EDIT_TAG, editedText, HANDLERS, MAKERS } from "./events.js";
import { fold, isRoom, same } from "./irc.js";
import { mentions } from "./format.js";
import { fileOf } from "./filetag.js";

export const RANK_NAMES = ["", "voice", "half-operator", "operator"];

export const SERVER = "*"; // the room that has what the server says to us
export const TALK = new Set(["text", "action", "notice"]); // kinds that somebody has said
export const ID_TAG = "+chatd.org/id"; // our own number of a message that we send

const KNOWN = 10000; // people that are remembered when they have gone
const REACTIONS = 40; // different ones to a message
const MOST = 20000; // messages of a room that are kept

let serial = 0;

/** The messages of one place, and what goes with it. */
export class Room {
	constructor(name, kind) {
		this.name = name;
		this.key = fold(name);
		this.kind = kind; // "room", "direct", "server"
		this.joined = false;
		this.wanted = kind === "room"; // to be joined again after a reconnect
		this.topic = "";
		this.topicBy = "";
		this.modes = null; // mode -> parameter; null: not known yet
		this.members = new Map(); // folded name -> { nick, ranks, rank }: all that one has, and the highest
		this.messages = [];
		this.byId = new Map(); // msgid -> message
		this.typing = new Map(); // name -> until when
		this.readAt = 0; // everything up to then has been read
		this.marked = false; // the server has said so, or we have
		this.line = 0; // the line "new" stands behind this time; 0: there is none
		this.unread = 0;
		this.mentions = 0;
		this.more = true; // there may be older messages than those here
		this.oldest = ""; // the id that those are older than; "": that of the first message here
		this.bare = false; // of the last page of them nothing is shown
		this.loading = false; // some are asked for
		this.catching = false; // what was missed is: what is said waits for it
		this.draft = "";
		this.reply = null;
		this.anchor = null; // end() before we were away: what follows is to be fetched
		this.lacks = false; // the newest of it cannot be had yet
		this.muted = false; // no notifications
		this.asked = false; // the server has been asked about it
	}

	/** The newest message that the server knows. */
	last() {
		return this.messages.findLast((m) => m.msgid) ?? null;
	}

	first() {
		return this.messages.find((m) => m.msgid) ?? null;
	}

	/** { id, m }: what is newer than id belongs behind the message m; null: nothing is known. Of what has ids not all is shown. */
	end() {
		const m = this.last();

		return m && { id: m.msgid, m };
	}
}

/** A line in a room. */
function message(kind, at, fields) {
	return {
		key: ++serial,
		kind,
		at,
		msgid: "",
		nick: "",
		account: "",
		text: "",
		own: false,
		state: "",
		reply: "",
		edited: false,
		deleted: false,
		mention: false,
		reactions: null,
		file: null,
		kept: false, // history has had it
		...fields,
	};
}

export class Model {
	me = { nick: "", account: "", away: false, modes: "" };
	isupport = {};
	rooms = new Map();
	users = new Map(); // folded name -> { nick, account, away, bot, online }
	active = null; // the room on show
	attentive = false; // somebody looks at its newest line
	#listeners = new Set();

	constructor({ now = Date.now } = {}) {
		this.now = now;
	}

	/** fn(what, room, detail); returns what takes it away again. */
	on(fn) {
		this.#listeners.add(fn);
		return () => this.#listeners.delete(fn);
	}

	#tell(what, room = null, detail = null) {
		for (const fn of this.#listeners)
			fn(what, room, detail);
	}

	// --- rooms and people

	room(name) {
		return this.rooms.get(fold(name)) ?? null;
	}

	/** The room called so, made if there is none: then what is said in it after `at` is new. */
	open(name, at = this.now()) {
		let room = this.room(name);

		if (!room) {
			room = new Room(name, name === SERVER ? "server" : isRoom(name) ? "room" : "direct");
			room.readAt = at;
			this.rooms.set(room.key, room);
			this.#tell("rooms", room);
		}
		return room;
	}

	close(room) {
		this.rooms.delete(room.key);
		if (this.active === room)
			this.active = null;
		this.#tell("rooms", room);
	}

	user(nick) {
		const key = fold(nick);
		let u = this.users.get(key);

		if (!u) {
			u = { nick, account: "", away: false, bot: false, online: undefined };
			this.users.set(key, u);
		}
		return u;
	}

	/** What is known of somebody; undefined: nothing. */
	known(nick) {
		return this.users.get(fold(nick));
	}

	isMe(nick) {
		return same(nick, this.me.nick);
	}

	rank(room, nick = this.me.nick) {
		return room?.members.get(fold(nick))?.rank ?? 0;
	}

	/** May we set its topic? */
	mayTopic(room) {
		return room.joined && (this.rank(room) >= 2 || (room.modes !== null && !room.modes.has("t")));
	}

	/** In the order of a list of users: by rank, then by name. */
	sorted(room) {
		const collator = (Model.#collator ??= new Intl.Collator(undefined, { sensitivity: "base", numeric: true }));

		return [...room.members.values()].sort((a, b) => b.rank - a.rank || collator.compare(a.nick, b.nick));
	}

	static #collator;

	/** In the order of the list of rooms: rooms by name, then people by their last word. */
	listed() {
		const order = { room: 0, direct: 1, server: 2 };

		return [...this.rooms.values()].sort((a, b) => order[a.kind] - order[b.kind] || a.key.localeCompare(b.key));
	}

	/** Somebody has gone; of very many nothing is kept. */
	gone(nick) {
		const u = this.known(nick);

		if (u && this.users.size > KNOWN && !this.room(nick))
			this.users.delete(fold(nick));
		else if (u)
			u.online = false;
	}

	/** The connection is gone: nobody is known to be anywhere. */
	lost() {
		for (const room of this.rooms.values()) {
			room.anchor ??= room.end();
			room.joined = false;
			room.loading = room.catching = false;
			room.typing.clear();
		}
		this.#tell("rooms");
	}

	// --- reading

	/** Which room is on show, and whether somebody looks. Returns the room that has been read thereby, or null. */
	look(room, attentive) {
		const changed = room !== this.active;

		if (changed && this.active)
			this.active.line = 0;
		this.active = room;
		this.attentive = attentive;
		if (changed && room)
			room.line = room.unread > 0 ? room.readAt : 0;
		if (changed)
			this.#tell("active", room);
		return room && attentive ? this.read(room) : null;
	}

	/** All of room has been read; the room if that is news, else null. */
	read(room) {
		const last = room.messages.findLast((m) => TALK.has(m.kind) && m.msgid);
		const news = last && last.at > room.readAt;

		if (news)
			room.readAt = last.at;
		if (room.unread || room.mentions) {
			room.unread = 0;
			room.mentions = 0;
			this.#tell("unread", room);
		}
		return news ? room : null;
	}

	/** Somebody else's mark of the same account, or the server's memory. */
	marked(room, at) {
		if (!room.marked && at) {
			room.marked = true;
			room.readAt = at;
		} else if (at > room.readAt) {
			room.readAt = at;
		}
		this.#count(room);
	}

	#count(room) {
		let unread = 0;
		let mentioned = 0;

		for (let i = room.messages.length - 1; i >= 0 && room.messages[i].at > room.readAt; i--) {
			const m = room.messages[i];

			if (!TALK.has(m.kind) || m.own || m.deleted || room.kind === "server")
				continue;
			unread++;
			mentioned += m.mention;
		}
		if (room === this.active && this.attentive)
			unread = mentioned = 0;
		if (unread !== room.unread || mentioned !== room.mentions) {
			room.unread = unread;
			room.mentions = mentioned;
			this.#tell("unread", room);
		}
		if (room === this.active && !room.line && unread)
			room.line = room.readAt;
	}

	/** In all rooms: { unread, mentions }. People's words to us alone are mentions. */
	totals() {
		const t = { unread: 0, mentions: 0 };

		for (const room of this.rooms.values()) {
			if (room.muted)
				continue;
			t.unread += room.unread;
			t.mentions += room.mentions;
		}
		return t;
	}

	// --- messages

	/** A line of our own making: a notice of what happened, or an error. */
	note(room, text, kind = "info") {
		this.#append(room, message(kind, this.now(), { text }));
	}

	/** What we are about to say. */
	saying(room, text, { kind = "text", reply = "", id }) {
		const m = message(kind, this.now(), {
			text,
			reply,
			nick: this.me.nick,
			account: this.me.account,
			own: true,
			state: "sending",
			cid: id,
		});

		room.line = 0;
		this.#append(room, m);
		return m;
	}

	failed(room, m, why) {
		m.state = "failed";
		m.why = why;
		this.#tell("message", room, m);
	}

	retried(room, m) {
		m.state = "sending";
		m.at = this.now();
		this.#moveToEnd(room, m);
	}

	/** What we have said and nobody has confirmed. */
	pending(room) {
		return room.messages.filter((m) => m.state === "sending");
	}

	discard(room, m) {
		const i = room.messages.indexOf(m);

		if (i >= 0) {
			room.messages.splice(i, 1);
			this.#tell("messages", room, { at: i, removed: 1 });
		}
	}

	/** But for what nobody else has yet. */
	clear(room) {
		room.messages = room.messages.filter((m) => m.state === "sending" || m.state === "failed");
		room.byId.clear();
		room.more = false;
		room.oldest = "";
		this.#tell("messages", room, { reset: true });
	}

	/** But for what is being sent. */
	#moveToEnd(room, m) {
		room.messages.splice(room.messages.indexOf(m), 1);
		let at = room.messages.length;

		while (m.state !== "sending" && at > 0 && room.messages[at - 1].state === "sending")
			at--;
		room.messages.splice(at, 0, m);
		this.#tell("messages", room, { reset: true });
		this.#tell("message", room, m);
	}

	/** Our own message m has come back from the server: it gets its number and its time. */
	#confirm(room, mine, m) {
		mine.state = "delivered";
		mine.msgid = m.msgid;
		mine.at = m.at;
		mine.text = m.text;
		mine.file = m.file;
		if (m.msgid)
			room.byId.set(m.msgid, mine);
	}

	/** Live: it stands where all others see it, behind what came before it. */
	#confirmLive(room, mine, m) {
		this.#confirm(room, mine, m);
		const last = room.messages.findLast((o) => o.state !== "sending" && o.state !== "failed" && o !== mine);

		if (last && room.messages.indexOf(last) > room.messages.indexOf(mine))
			this.#moveToEnd(room, mine);
		else
			this.#tell("message", room, mine);
	}

	#mineOf(room, m) {
		return m.own && m.cid ? room.messages.find((o) => o.cid === m.cid && o.own && !o.msgid) : undefined;
	}

	#append(room, m) {
		if (m.msgid && room.byId.has(m.msgid))
			return false;
		if (m.msgid)
			room.byId.set(m.msgid, m);
		// what has not been confirmed stays last
		let at = room.messages.length;

		while (m.state !== "sending" && at > 0 && room.messages[at - 1].state === "sending")
			at--;
		room.messages.splice(at, 0, m);
		this.#tell("messages", room, { at, added: 1 });
		if (room.messages.length > MOST && (room !== this.active || this.attentive))
			this.#forget(room);
		return true;
	}

	/** The oldest, which can be fetched again. */
	#forget(room) {
		for (const old of room.messages.splice(0, room.messages.length - MOST / 2))
			room.byId.delete(old.msgid);
		room.more = true;
		room.oldest = "";
		this.#tell("messages", room, { reset: true });
	}

	/** Something said to us, live. */
	#said(room, m) {
		const mine = this.#mineOf(room, m);

		if (mine) {
			this.#confirmLive(room, mine, m);
			return;
		}
		if (!this.#append(room, m))
			return;
		room.typing.delete(m.nick);
		if (m.own) {
			room.readAt = Math.max(room.readAt, m.at);
			this.#count(room);
			return;
		}
		if (room === this.active && this.attentive) {
			if (this.read(room))
				this.#tell("read", room);
		} else {
			this.#count(room);
		}
		if (room.kind !== "server" && (m.mention || room.kind === "direct"))
			this.#tell("notify", room, m);
	}

	/** The message that m of the server is, for room; null: it is none that is shown. */
	#messageOf(m, room) {
		const make = MAKERS[m.command];

		if (!make)
			return null;
		const at = Date.parse(m.tags.time ?? "") || this.now();
		const own = this.isMe(m.nick);
		const out = make(m, this);

		if (!out)
			return null;
		return message(out.kind, at, {
			msgid: m.tags.msgid ?? "",
			nick: m.nick || "Server",
			account: m.tags.account ?? "",
			own,
			...out,
			reply: m.tags["+draft/reply"] ?? m.tags["+reply"] ?? "",
			cid: m.tags[ID_TAG] ?? "",
			state: own && TALK.has(out.kind) ? "delivered" : "",
			file: TALK.has(out.kind) ? fileOf(m.tags, out.text) : null,
			mention: !own && TALK.has(out.kind) && (room.kind === "direct" || mentions(out.text, this.me.nick)),
		});
	}

	/** Old words for what is there: edits, reactions, what was taken back. True: m is no message of its own. */
	#amend(room, m) {
		if (m.command === "REDACT") {
			this.redact(room, m.params[1], m.nick, m.params[2] ?? "");
			return true;
		}
		const words = editedText(m);

		if (words !== null) {
			const old = room.byId.get(m.tags[EDIT_TAG]);

			if (!old)
				return false;
			old.text = words;
			old.edited = true;
			old.mention = !old.own && mentions(old.text, this.me.nick);
			this.#tell("message", room, old);
			return true;
		}
		if (m.command !== "TAGMSG")
			return false;
		const on = m.tags["+draft/react"];
		const off = m.tags["+draft/unreact"];
		const typing = m.tags["+typing"] ?? m.tags["+draft/typing"];
		const to = room.byId.get(m.tags["+draft/reply"] ?? m.tags["+reply"] ?? "");

		if (to && (on || off))
			this.#react(room, to, on || off, m.nick, Boolean(on));
		if (typing !== undefined && !this.isMe(m.nick)) {
			if (typing === "active")
				room.typing.set(m.nick, this.now() + 6000);
			else
				room.typing.delete(m.nick);
			this.#tell("typing", room);
		}
		return true;
	}

	#react(room, m, what, nick, on) {
		const text = [...what].slice(0, 16).join("");

		m.reactions ??= new Map();
		const who = m.reactions.get(text) ?? new Set();

		if (on && (who.size || m.reactions.size < REACTIONS))
			who.add(nick);
		else
			who.delete(nick);
		if (who.size)
			m.reactions.set(text, who);
		else
			m.reactions.delete(text);
		this.#tell("message", room, m);
	}

	redact(room, msgid, by, why) {
		const m = room.byId.get(msgid);

		if (!m)
			return;
		m.deleted = true;
		m.text = "";
		m.file = null;
		m.reactions = null;
		m.mention = false;
		m.by = by;
		m.why = why;
		this.#tell("message", room, m);
		this.#count(room);
	}

	/**
	 * A page of history into room, in its order; how: "before" (what is here), "after" (the message anchor, or its end) or
	 * "latest". Messages that are here are not taken again, but say where the others belong. Returns how many were new.
	 */
	history(room, list, how, anchor = null) {
		const fresh = [];
		let at = how === "before" ? 0 : room.messages.length;
		let added = 0;
		const from = anchor ? room.messages.indexOf(anchor) : -1;

		if (from >= 0)
			at = from + 1;
		else if (how !== "before")
			at = this.#placeOf(room, list);
		const start = at;

		for (const raw of list) {
			if (raw.command === "TAGMSG" || raw.command === "REDACT") {
				fresh.push(raw);
				continue;
			}
			const m = this.#messageOf(raw, room);

			if (!m)
				continue;
			const here = m.msgid && room.byId.get(m.msgid);

			if (here) {
				here.kept = true;
				at = room.messages.indexOf(here) + 1;
				if (TALK.has(here.kind) && here.text !== m.text && !here.deleted)
					this.#otherWords(room, here, m);
				continue;
			}
			const mine = this.#mineOf(room, m);

			if (mine) {
				const from = room.messages.indexOf(mine);

				this.#confirm(room, mine, m);
				mine.kept = true;
				room.messages.splice(from, 1);
				if (from < at)
					at--;
				room.messages.splice(at++, 0, mine);
				this.#tell("messages", room, { reset: true });
				this.#tell("message", room, mine);
				continue;
			}
			if (m.msgid)
				room.byId.set(m.msgid, m);
			m.kept = true;
			room.messages.splice(at++, 0, m);
			added++;
		}
		if (added)
			this.#tell("messages", room, { at: start, added, history: how });
		for (const raw of fresh)
			this.#amend(room, raw);
		this.#count(room);
		return added;
	}

	/** The server has other words for it: an edit; or the link of a file, which is another one each time. */
	#otherWords(room, here, m) {
		here.text = m.text;
		if (here.file && m.file)
			here.file = m.file;
		else
			here.edited = true;
		this.#tell("message", room, here);
	}

	/** Where a page begins whose place is not known: before the first that is newer than it, or that nobody has yet. */
	#placeOf(room, list) {
		const first = Date.parse(list[0]?.tags.time ?? "") || 0;
		let at = room.messages.length;

		while (at > 0 && (room.messages[at - 1].at > first || room.messages[at - 1].state === "sending"))
			at--;
		return at;
	}

	/**
	 * A page of what the server has, without holes: what was in its history before, and stands among these and is none of them, has been
	 * taken back meanwhile. What never was in it (not everything is kept), or is only for those of a rank, may be missing for
	 * other reasons.
	 */
	reconcile(room, list) {
		const ids = new Set(list.map((m) => m.tags.msgid));
		const has = (m) => m.msgid && ids.has(m.msgid);
		const gone = room.messages
			.slice(Math.max(0, room.messages.findIndex(has)), room.messages.findLastIndex(has) + 1)
			.filter((m) => m.kept && TALK.has(m.kind) && !has(m) && !m.only && !m.deleted);

		for (const m of gone)
			this.redact(room, m.msgid, "", "");
	}

	// --- what the server says

	take(m) {
		const handler = HANDLERS[m.command];

		if (handler)
			handler.call(this, m);
		return Boolean(handler);
	}

	/** Handlers' own words. */
	tell(what, room, detail) {
		this.#tell(what, room, detail);
	}

	said(room, m) {
		if (this.#amend(room, m))
			return;
		const out = this.#messageOf(m, room);

		if (out)
			this.#said(room, out);
	}

	/** Whom a message that came here is a talk with. */
	place(m) {
		const target = m.params[0].replace(/^[@%+]+(?=#)/, "");

		if (isRoom(target))
			return this.room(target);
		if (m.command !== "TAGMSG" && (!m.nick || !m.source.includes("!"))) {
			// an administrator writes by the server's name: to all, or to us, who may answer
			if (m.command === "PRIVMSG" && this.isMe(target))
				return this.open(m.nick, this.now() - 1);
			return (!this.isMe(target) && this.me.nick && this.active) || this.open(SERVER);
		}
		const other = this.isMe(m.nick) ? target : m.nick;

		return m.command === "TAGMSG" ? this.room(other) : this.open(other, (Date.parse(m.tags.time ?? "") || this.now()) - 1);
	}
}
