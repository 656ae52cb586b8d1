// A server's end of the page's connection, for tests without a network: sockets and a clock in the test's hands.
import { parse } from "../../../web/js/irc.js";
import { Model } from "../../../web/js/model.js";
import { Session } from "../../../web/js/session.js";

const CAPS =
	"batch cap-notify draft/chathistory draft/event-playback draft/message-redaction draft/multiline=max-bytes=4096,max-lines=24 draft/read-marker" +
	" echo-message extended-join labeled-response message-tags multi-prefix sasl=PLAIN server-time soju.im/search";

export class Fake {
	sockets = [];
	sent = []; // messages of the client, not yet looked at
	all = [];
	timers = new Map();
	clock = 1_000_000_000_000;
	#serial = 0;

	env = {
		socket: () => {
			const s = { readyState: 0, send: (line) => this.#take(line), close: () => (s.readyState = 3) };

			this.sockets.push(s);
			return s;
		},
		later: (fn, ms) => {
			const id = ++this.#serial;

			this.timers.set(id, { fn, at: this.clock + ms });
			return id;
		},
		never: (id) => this.timers.delete(id),
		random: () => 0.5,
		now: () => this.clock,
	};

	#take(line) {
		const m = parse(line);

		m.line = line;
		this.sent.push(m);
		this.all.push(m);
	}

	get socket() {
		return this.sockets.at(-1);
	}

	/** Time goes by. */
	pass(ms) {
		const end = this.clock + ms;

		for (;;) {
			const next = [...this.timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at)[0];

			if (!next)
				break;
			this.clock = next[1].at;
			this.timers.delete(next[0]);
			next[1].fn();
		}
		this.clock = end;
	}

	open() {
		this.socket.readyState = 1;
		this.socket.onopen?.();
	}

	say(...lines) {
		for (const l of lines)
			this.socket.onmessage?.({ data: l });
	}

	/** The connection breaks. */
	cut() {
		this.socket.readyState = 3;
		this.socket.onclose?.({});
	}

	/** The next message of the client that is this command; those before it are passed over. */
	expect(command) {
		while (this.sent.length) {
			const m = this.sent.shift();

			if (m.command === command)
				return m;
		}
		throw new Error(
			`the client has not sent ${command}; all that it sent:\n${this.all
				.slice(-20)
				.map((m) => m.line)
				.join("\n")}`,
		);
	}

	has(command) {
		return this.sent.some((m) => m.command === command);
	}

	/** From the handshake to the welcome; whoever has a password has an account. */
	welcome(nick, caps = CAPS) {
		this.open();
		this.expect("USER");
		this.say(`:s CAP * LS :${caps}`);
		for (const m of this.sent.splice(0).filter((x) => x.command === "CAP" && x.params[0] === "REQ"))
			this.say(`:s CAP * ACK :${m.params[1]}`);
		if (this.has("AUTHENTICATE"))
			this.say("AUTHENTICATE +", `:s 900 ${nick} ${nick}!u@h ${nick} :in`, `:s 903 ${nick} :in`);
		this.expect("CAP");
		this.say(
			`:s 001 ${nick} :Welcome`,
			`:s 005 ${nick} CASEMAPPING=ascii CHANMODES=Ibe,k,l,CMRimnst PREFIX=(ohv)@%+ MONITOR=100 WHOX TOPICLEN=390 :are supported by this server`,
			`:s 422 ${nick} :none`,
		);
	}

	/** The answer to a labelled command: a batch of lines of that type. */
	batch(m, type, lines) {
		const id = "z" + ++this.#serial;

		this.say(
			`@label=${m.tags.label} :s BATCH +${id} ${type}`,
			...lines.map((l) => (l.startsWith("@") ? `@batch=${id};${l.slice(1)}` : `@batch=${id} ${l}`)),
			`:s BATCH -${id}`,
		);
	}
}

export const settled = () => new Promise((r) => setImmediate(r));

export const stamp = (n) => new Date(1_000_000_000_000 + n * 1000).toISOString();
export const line = (n, nick, text, room = "#r") => `@time=${stamp(n)};msgid=m${n} :${nick}!u@h PRIVMSG ${room} :${text}`;

/** Somebody who has just come in. */
export async function session(more = {}) {
	const f = new Fake();
	const s = new Session({ env: f.env, model: new Model({ now: () => f.clock }) });

	s.open({ url: "ws://x/ws", nick: "me", rooms: ["#r"], ...more });
	f.welcome("me");
	await settled();
	return { f, s };
}

/** The room as it is after the first history has come. */
export async function inRoom(f, s, history = [], at = 0) {
	f.expect("JOIN");
	f.say(`@time=${stamp(at)};msgid=j${f.sockets.length} :me!u@h JOIN #r * :me`, ":s 353 me = #r :me bob", ":s 366 me #r :End");
	await settled();
	if (history) {
		f.batch(f.expect("CHATHISTORY"), "chathistory #r", history);
		await settled();
	}
	return s.model.room("#r");
}

/** Lost, and back in the room; what is asked for then is the next that is sent. */
export async function again(f, s) {
	f.cut();
	f.pass(3000);
	f.sent.length = 0;
	f.welcome("me");
	await settled();
	await inRoom(f, s, null);
}

/** What is said there, with what has become of it. */
export const texts = (room) =>
	room.messages
		.filter((m) => m.kind === "text")
		.map((m) => `${m.text}${m.state === "sending" ? "?" : m.state === "failed" ? "!" : ""}`);

/** m, which the client has sent, is the message n. */
export const echo = (f, m, n) =>
	f.say(
		`@label=${m.tags.label};time=${stamp(n)};msgid=m${n};+chatd.org/id=${m.tags["+chatd.org/id"]} :me!u@h PRIVMSG #r :${m.params[1]}`,
	);
