// history.js - what has been said before: pages of it (draft/chathistory) and what is found in it (soju.im/search), for the model. How
// far each place's history is here stands in its Room.

import { LOST_WORDS } from "./conn.js";
import { escapeTag, isError, isRoom, wordsOf } from "./irc.js";

/** What the newest may be beside true and false: the connection is gone; or the server's disk does not have it yet. */
export const LOST = Symbol("lost");
export const LACKS = Symbol("lacks");
const PAGE = 100; // messages asked for at once
const AGAIN = 5; // times that history is asked for when there is trouble
const AGAIN_MS = 2000;
const MISSED_PAGES = 20; // so many after a loss; then there is a gap
const FIND_PAGE = 500;
const TALKS_MS = 90 * 86400000;

/** Ids of the oldest and the newest of a page of history, whether those are shown or not; undefined: there are none. */
const oldestOf = (list) => list.find((m) => m.tags.msgid)?.tags.msgid;
const newestOf = (list) => list.findLast((m) => m.tags.msgid)?.tags.msgid;

/** What a batch of history has; lacks: why something is missing in it, as far as it is so. */
function rowsOf(batch) {
	const note = batch.messages.find((m) => m.command === "NOTE" && m.params[1] === "MESSAGES_MISSING");

	return Object.assign(
		batch.messages.filter((m) => m !== note),
		{ lacks: note?.params.at(-1) ?? "" },
	);
}

export class History {
	#conn;
	#model;
	#env;

	/** env: as a Session's. */
	constructor(conn, model, env) {
		this.#conn = conn;
		this.#model = model;
		this.#env = env;
	}

	/**
	 * The messages of a history batch, see rowsOf(); null: a refusal; LOST: the connection is gone. What the server cannot do
	 * just now is asked for again.
	 */
	async #ask(params) {
		const { epoch } = this.#conn;

		for (let i = 0; ; i++) {
			const answer = await this.#conn.ask("CHATHISTORY", params, { quiet: true });
			const batch = answer?.find((m) => m.batch);

			if (batch)
				return rowsOf(batch);
			if (answer === null)
				return LOST;
			if (i === AGAIN || !answer?.some((m) => m.command === "FAIL" && m.params[1] === "MESSAGE_ERROR"))
				return null;
			await new Promise((done) => this.#env.later(done, AGAIN_MS));
			if (this.#conn.epoch !== epoch)
				return LOST;
		}
	}

	get #there() {
		return this.#conn.caps.has("draft/chathistory") && this.#conn.caps.has("batch");
	}

	/** The newest page. True: it has come; false: there is none; LACKS: what is newest is not in it yet; LOST. */
	async latest(room) {
		const list = this.#there ? await this.#ask(["LATEST", room.name, "*", String(PAGE)]) : null;

		if (list === LOST)
			return LOST;
		if (!room.oldest)
			room.more = Boolean(list) && list.length >= PAGE;
		if (!list)
			return false;
		room.oldest ||= oldestOf(list) ?? "";
		this.#model.history(room, list, "latest");
		if (list.lacks)
			room.anchor = this.#endOf(room, list, null);
		return this.#whole(room, list);
	}

	/** As Room.end(), when the list has been taken; at: where it began. */
	#endOf(room, list, at) {
		const id = newestOf(list);
		const shown = list.findLast((m) => room.byId.has(m.tags.msgid));

		return id ? { id, m: room.byId.get(shown?.tags.msgid) ?? at?.m } : at;
	}

	/** True; or LACKS, and whoever looks at the room is told. */
	#whole(room, { lacks }) {
		if (lacks && !room.lacks)
			this.#model.note(room, lacks);
		room.lacks = Boolean(lacks);
		return !lacks || LACKS;
	}

	/** As latest(), false also when only a part has come. room.anchor goes on with each page. */
	async after(room) {
		if (!this.#there)
			return false;
		for (let i = 0; i < MISSED_PAGES; i++) {
			const at = room.anchor;
			const list = await this.#ask(["AFTER", room.name, `msgid=${at.id}`, String(PAGE)]);

			if (list === LOST || !list)
				return list === LOST ? LOST : false;
			this.#model.history(room, list, "after", at.m);
			room.anchor = this.#endOf(room, list, at);
			if (list.length < PAGE || room.anchor.id === at.id)
				return this.#whole(room, list) === LACKS ? LACKS : this.#changes(room);
		}
		// too much: the newest, and the way back to the rest, in which there may be something of our own
		this.#model.clear(room);
		const newest = await this.latest(room);

		if (newest === true)
			room.anchor = null;
		return newest === true ? false : newest;
	}

	/** What was edited and taken back meanwhile, as far as the newest page shows it. */
	async #changes(room) {
		const all = await this.#ask(["LATEST", room.name, "*", String(PAGE)]);

		if (all === LOST)
			return LOST;
		if (all) {
			this.#model.history(room, all, "latest");
			this.#model.reconcile(room, all);
		}
		return true;
	}

	/** With whom an account has talked, at most so many, newest first: [{ name, at }]. */
	async talks(most) {
		if (!this.#conn.caps.has("draft/chathistory") || !this.#model.me.account)
			return [];
		const stamp = (ms) => `timestamp=${new Date(ms).toISOString()}`;
		const list = await this.#ask([
			"TARGETS",
			stamp(this.#env.now() + 60000),
			stamp(this.#env.now() - TALKS_MS),
			String(most * 3), // there are rooms among them
		]);

		return (Array.isArray(list) ? list : [])
			.filter((m) => m.command === "CHATHISTORY" && m.params[0] === "TARGETS" && !isRoom(m.params[1]))
			.slice(0, most)
			.map((m) => ({ name: m.params[1], at: Date.parse(m.params[2]) || this.#env.now() }));
	}

	/** A page of older messages, a longer one where there was nothing to be shown. True: there were some. */
	async older(room, count = room.bare ? FIND_PAGE : PAGE) {
		const from = room.oldest || room.first()?.msgid;

		if (!room.more || room.loading || !this.#conn.ready || !this.#there)
			return false;
		room.loading = true;
		this.#model.tell("history", room);
		const list = from
			? await this.#ask(["BEFORE", room.name, `msgid=${from}`, String(count)])
			: await this.#ask(["LATEST", room.name, "*", String(count)]);

		if (list === LOST)
			return false;
		const oldest = (list && oldestOf(list)) || from;

		room.loading = false;
		room.more = Boolean(list) && list.length >= count && oldest !== from;
		room.oldest = oldest ?? "";
		room.bare = Boolean(list) && !this.#model.history(room, list, "before");
		this.#model.tell("history", room);
		return Boolean(list?.length);
	}

	/** The link of m's file is no longer good: history has another one. True: it has come. */
	async renew(room, m) {
		const old = m.file?.url;
		const list = old && m.msgid && this.#there ? await this.#ask(["AROUND", room.name, `msgid=${m.msgid}`, "1"]) : null;

		if (Array.isArray(list))
			this.#model.history(
				room,
				list.filter((o) => o.tags.msgid === m.msgid),
				"after",
				m,
			);
		return Boolean(m.file) && m.file.url !== old;
	}

	/** Fetches back until the message is here; the message, or null. */
	async find(room, msgid, at = 0) {
		for (let i = 0; i < 20 && !room.byId.has(msgid) && room.more; i++) {
			if (at && (room.first()?.at ?? Infinity) < at)
				break;
			if (!(await this.older(room, FIND_PAGE)))
				break;
		}
		return room.byId.get(msgid) ?? null;
	}

	/**
	 * What soju.im/search finds: [{ place, nick, at, text, msgid }], newest last, with lacks as of rowsOf(); null: it cannot be
	 * asked. A text: why not.
	 */
	async search(text, { place = "", from = "" } = {}) {
		const value = Object.entries({ text, in: place, from, limit: 100 })
			.filter(([, v]) => v !== "")
			.map(([k, v]) => `${k}=${escapeTag(String(v))}`);

		if (!this.#conn.caps.has("soju.im/search"))
			return null;
		const answer = await this.#conn.ask("SEARCH", [value.join(";")], { quiet: true });
		const error = answer?.find(isError);

		if (answer === null)
			return LOST_WORDS;
		if (error?.command === "417")
			return "These are too many words.";
		if (error)
			return wordsOf(error);
		const rows = rowsOf(answer?.find((m) => m.batch) ?? { messages: [] });
		const found = rows
			.filter((m) => m.command === "PRIVMSG" || m.command === "NOTICE")
			.map((m) => ({
				place: isRoom(m.params[0]) || !this.#model.isMe(m.params[0]) ? m.params[0] : m.nick,
				nick: m.nick,
				at: Date.parse(m.tags.time ?? "") || 0,
				text: m.params[1] ?? "",
				msgid: m.tags.msgid ?? "",
			}));

		return Object.assign(found, { lacks: rows.lacks });
	}
}
