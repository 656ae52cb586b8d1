// conn.js - the connection: a WebSocket that carries IRC (subprotocol text.ircv3.net), from the handshake to the welcome, and
// again, with growing pauses, whenever it is lost. What is said over it is session.js's.
//
// States: idle, connecting, registering, ready, waiting (for the next attempt), refused (nobody tries again by itself).

import { Caps, saslPlain } from "./caps.js";
import { Batches, format, parse } from "./irc.js";

export const LOST_WORDS = "The connection was lost before the answer came.";
const SUBPROTOCOL = "text.ircv3.net";
const OPEN_MS = 15000; // for the handshake and the welcome
const SILENCE_MS = 90000; // then the server is asked whether it is there
const ANSWER_MS = 20000; // so long it has for that
const BACKOFF_MS = 1000;
const BACKOFF_MAX_MS = 60000;
const REGAIN_MS = 15000;

const TAKEN = "Somebody goes by this name already (you, in another tab?). Please choose another one.";

/** What the server says to a login, and in what words the page says so. */
const REFUSALS = {
	432: ["nick", "This name cannot be used here."],
	433: ["nick", TAKEN],
	436: ["nick", TAKEN],
	437: ["nick", "This name is not available just now."],
	464: ["server", "This server wants a password."],
	465: ["banned", "You are banned here."],
	902: ["account", "This account has been disabled."],
	904: ["account", "The name or the password is wrong."],
	905: ["account", "The password is too long."],
	906: ["account", "The login has been given up."],
	908: ["account", "This server does not take passwords in this way."],
};

/** The end that somebody has ordered; a user's own words cannot look so ("Quit: …"). */
const ENDED = /^Closing link: [^ ]*: ((?:Killed|Kicked|Banned)\b.*)$/i;

const browser = {
	socket: (url) => new WebSocket(url, [SUBPROTOCOL]),
	later: (fn, ms) => setTimeout(fn, ms),
	never: (id) => clearTimeout(id),
	random: Math.random,
	now: Date.now,
};

export class Conn {
	state = "idle";
	nick = "";
	caps = new Caps();
	epoch = 0; // another with each connection
	#env;
	#socket = null;
	#who = null;
	#batches = new Batches();
	#asked = new Map(); // label -> { done, quiet }
	#serial = 0;
	#attempts = 0;
	#welcomed = false; // once, since open()
	#unsettled = 0; // CAP REQ without an answer
	#sasl = false;
	#timer = null; // of the attempt, or of the pause
	#quiet = null; // of silence
	#regain = null;
	#error = "";

	/**
	 * onmessage(m): what the server says, batches whole. onstate(state, { why, code, seconds, again }). env: for tests.
	 */
	constructor({ onmessage, onstate, env = {} }) {
		this.onmessage = onmessage;
		this.onstate = onstate;
		this.#env = { ...browser, ...env };
	}

	/** who: { url, nick, account, password, pass, real }; ends what was open before. */
	open(who) {
		this.#drop();
		this.#who = who;
		this.#attempts = 0;
		this.#welcomed = false;
		this.nick = who.nick;
		this.#connect();
	}

	/** For good. */
	close(words = "") {
		if (this.state === "ready")
			this.send("QUIT", words ? [words] : []);
		this.#drop();
		this.#is("idle");
	}

	/** The way to the server may have come back, or gone: look at once. */
	poke() {
		if (this.state === "waiting")
			this.#connect();
		else if (this.state === "ready")
			this.#ask(5000);
	}

	get ready() {
		return this.state === "ready";
	}

	/** The name that is really used now has changed: the next attempt asks for it. */
	rename(nick) {
		this.nick = nick;
		if (this.#who)
			this.#who.nick = nick;
		this.#env.never(this.#regain);
	}

	/** A raw line; false: it cannot be sent now. */
	raw(line) {
		if (!this.#socket || this.#socket.readyState !== 1)
			return false;
		this.#socket.send(line);
		return true;
	}

	send(command, params = [], tags = null) {
		return this.raw(format(command, params, tags));
	}

	/**
	 * A command whose answer is waited for: an array of what it was answered by (batches whole), [] for nothing at all; null when the
	 * connection is lost before, or is none; undefined when the server knows no labels. quiet: the answer does not go to onmessage,
	 * too. lines: what is sent instead, of which the first gets the label.
	 */
	ask(command, params = [], { tags = {}, quiet = false, lines = null } = {}) {
		const label = `${(++this.#serial).toString(36)}`;
		const labels = this.caps.has("labeled-response");

		if (lines) {
			const first = labels
				? lines[0].startsWith("@")
					? `@label=${label};${lines[0].slice(1)}`
					: `@label=${label} ${lines[0]}`
				: lines[0];

			if (!this.raw(first))
				return Promise.resolve(null);
			lines.slice(1).forEach((l) => this.raw(l));
		} else if (!this.send(command, params, labels ? { label, ...tags } : tags)) {
			return Promise.resolve(null);
		}
		if (!labels)
			return Promise.resolve(undefined);
		return new Promise((done) => this.#asked.set(label, { done, quiet }));
	}

	// --- life

	#is(state, detail = {}) {
		this.state = state;
		this.onstate(state, detail);
	}

	#drop() {
		const socket = this.#socket;

		this.#socket = null;
		this.epoch++;
		for (const t of [this.#timer, this.#quiet, this.#regain])
			this.#env.never(t);
		if (socket) {
			socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
			socket.close();
		}
		this.#batches = new Batches();
		this.caps = new Caps();
		this.#unsettled = 0;
		this.#sasl = false;
		const asked = [...this.#asked.values()];

		this.#asked.clear();
		asked.forEach((a) => a.done(null));
	}

	#connect() {
		this.#drop();
		this.#error = "";
		this.#is("connecting", { again: this.#welcomed });
		let socket;

		try {
			socket = this.#env.socket(this.#who.url);
		} catch {
			this.#refused("address", "This is not an address that can be connected to.");
			return;
		}
		this.#socket = socket;
		socket.onopen = () => this.#opened();
		socket.onmessage = (e) => this.#line(e.data);
		socket.onclose = (e) => this.#lost(e);
		this.#timer = this.#env.later(() => this.#lost({ late: true }), OPEN_MS);
	}

	#opened() {
		const who = this.#who;

		this.#is("registering");
		this.raw("CAP LS 302");
		if (who.pass)
			this.send("PASS", [who.pass]);
		this.send("NICK", [this.nick]);
		this.send("USER", [ident(this.nick), "0", "*", who.real || this.nick]);
	}

	#lost(event) {
		const was = this.state;

		this.#drop();
		const ended = ENDED.exec(this.#error);

		if (ended) {
			this.#refused("ended", ended[1]);
		} else if (!this.#welcomed && was !== "waiting") {
			this.#refused(
				"unreachable",
				this.#error ||
					(event?.late ? "The server does not answer." : "The server is not running or not accepting connections."),
			);
		} else {
			const most = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** this.#attempts++);
			const ms = Math.round(most * (0.5 + this.#env.random() / 2));

			this.#timer = this.#env.later(() => this.#connect(), ms);
			this.#is("waiting", { ms, why: this.#error });
		}
	}

	#refused(code, why) {
		this.#drop();
		this.#is("refused", { code, why });
	}

	/** Silence: is there somebody? */
	#heard() {
		this.#env.never(this.#quiet);
		this.#quiet = this.#env.later(() => this.#ask(ANSWER_MS), SILENCE_MS);
	}

	#ask(ms) {
		this.#env.never(this.#quiet);
		this.raw("PING :still there?");
		this.#quiet = this.#env.later(() => this.#lost({}), ms);
	}

	// --- lines

	#line(data) {
		this.#heard();
		for (const text of String(data).split(/\r?\n/)) {
			const m = text && parse(text);

			if (m)
				this.#message(m);
		}
	}

	#message(m) {
		if (m.command === "PING") {
			this.send("PONG", m.params);
			return;
		}
		if (m.command === "PONG")
			return;
		if (m.command === "ERROR")
			this.#error = m.params[0] ?? "";
		if (m.command === "CAP")
			this.#cap(m);
		else if (this.state === "registering" && this.#registering(m))
			return;
		const whole = this.#batches.take(m);

		if (whole)
			this.#whole(whole);
	}

	#whole(m) {
		const label = m.tags.label;
		const asked = label !== undefined && this.#asked.get(label);
		const list = m.batch === "labeled-response" ? m.messages : m.command === "ACK" ? [] : [m];

		if (asked)
			this.#asked.delete(label);
		if (!asked || !asked.quiet)
			list.forEach((one) => this.onmessage(one));
		if (asked)
			asked.done(list);
	}

	// --- the way in

	#cap(m) {
		const { ask, listed, settled } = this.caps.take(m);

		if (settled && this.#unsettled > 0)
			this.#unsettled--;
		for (let i = 0; i < ask.length; i += 10) {
			this.send("CAP", ["REQ", ask.slice(i, i + 10).join(" ")]);
			this.#unsettled++;
		}
		if (this.state === "registering" && (listed || settled) && this.#unsettled === 0)
			this.#capable();
	}

	#capable() {
		if (this.#sasl)
			return;
		if (this.#who.password && !this.caps.has("sasl")) {
			this.#refused("account", "There are no accounts on this server, or not on a connection without TLS.");
		} else if (this.#who.password) {
			this.#sasl = true;
			this.raw("AUTHENTICATE PLAIN");
		} else {
			this.raw("CAP END");
		}
	}

	/** True: dealt with. */
	#registering(m) {
		const refusal = REFUSALS[m.command];

		if (m.command === "AUTHENTICATE" && m.params[0] === "+") {
			saslPlain(this.#who.account || this.nick, this.#who.password).forEach((l) => this.raw(l));
		} else if (m.command === "903") {
			this.raw("CAP END");
		} else if (m.command === "433" && this.#welcomed) {
			// most likely ourselves of a moment ago, whom the server has not missed yet
			this.nick = `${this.#who.nick.replace(/\d+$/, "")}${2 + Math.floor(this.#env.random() * 98)}`;
			this.send("NICK", [this.nick]);
		} else if (refusal) {
			this.#refused(
				refusal[0],
				m.command === "465" || m.command === "437" ? m.params.at(-1) || refusal[1] : refusal[1],
			);
			return true;
		} else if (m.command === "FAIL" && !this.#welcomed && ["NICK", "USER", "PASS"].includes(m.params[0])) {
			this.#refused("nick", m.params.at(-1));
			return true;
		} else if (m.command === "001") {
			this.#welcome(m);
		}
		return false;
	}

	#welcome(m) {
		this.#env.never(this.#timer);
		this.nick = m.params[0];
		const again = this.#welcomed;

		this.#welcomed = true;
		this.#attempts = 0;
		this.#is("ready", { again });
		if (this.nick !== this.#who.nick)
			this.#regainSoon();
	}

	#regainSoon() {
		this.#regain = this.#env.later(() => {
			if (this.ready && this.nick !== this.#who.nick) {
				this.send("NICK", [this.#who.nick]);
				this.#regainSoon();
			}
		}, REGAIN_MS);
	}
}

/** A user name that every server takes. */
const ident = (nick) => nick.replace(/[^A-Za-z0-9]/g, "").slice(0, 9) || "web";

/** The address of the WebSocket of a host and port, for a page from `page` (a Location). Null: none can be made of it. */
export function socketUrl(host, page) {
	const scheme = page.protocol === "https:" ? "wss:" : "ws:";

	try {
		const u = new URL(`${scheme}//${host.trim()}/ws`);

		return u.host && !/\s/.test(host.trim()) && u.pathname === "/ws" && !u.username && !u.search && !u.hash ? u.href : null;
	} catch {
		return null;
	}
}
