// irc.js - IRC lines: taken apart, put together, batches collected. Pure: no sockets, no page.

const UNESCAPE = { ":": ";", s: " ", "\\": "\\", r: "\r", n: "\n" };
const ESCAPE = { ";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n" };

export const LINE_BYTES = 510; // without CR LF

const encoder = new TextEncoder();

/** How many bytes s is in UTF-8. */
export const bytes = (s) => encoder.encode(s).length;

export const unescapeTag = (v) => v.replace(/\\(.?)/gs, (_, c) => UNESCAPE[c] ?? c);
export const escapeTag = (v) => v.replace(/[; \\\r\n]/g, (c) => ESCAPE[c]);

function parseTags(text) {
	const tags = {};

	for (const tag of text.split(";")) {
		const [, key, value] = /^([^=]*)=?(.*)$/s.exec(tag);

		if (key && key !== "__proto__")
			tags[key] = unescapeTag(value);
	}
	return tags;
}

/**
 * A line as { tags, source, nick, user, host, command, params }; null: it is none. command is upper case.
 */
export function parse(line) {
	const m = { tags: {}, source: "", nick: "", user: "", host: "", command: "", params: [] };
	let rest = line.replace(/[\r\n]+$/, "");

	if (rest.startsWith("@")) {
		const end = rest.indexOf(" ");

		if (end < 0)
			return null;
		m.tags = parseTags(rest.slice(1, end));
		rest = rest.slice(end).trimStart();
	}
	if (rest.startsWith(":")) {
		const end = rest.indexOf(" ");

		if (end < 0)
			return null;
		m.source = rest.slice(1, end);
		[, m.nick, m.user = "", m.host = ""] = /^([^!@]*)(?:!([^@]*))?(?:@(.*))?$/s.exec(m.source);
		rest = rest.slice(end).trimStart();
	}
	while (rest) {
		if (rest.startsWith(":")) {
			m.params.push(rest.slice(1));
			break;
		}
		const [, word, more] = /^([^ ]*) *(.*)$/s.exec(rest);

		m.params.push(word);
		rest = more;
	}
	m.command = (m.params.shift() ?? "").toUpperCase();
	return m.command ? m : null;
}

/** The line of a command. Whatever would end the line is left out; the last parameter gets a ':' where it needs one. */
export function format(command, params = [], tags = null) {
	const clean = params.map((p) => String(p).replace(/[\r\n\0]/g, " "));
	const last = clean.length - 1;
	let line = "";

	if (tags) {
		const list = Object.entries(tags).map(([k, v]) => (v === "" || v === true ? k : `${k}=${escapeTag(String(v))}`));

		if (list.length)
			line = `@${list.join(";")} `;
	}
	line += command;
	clean.forEach((p, i) => {
		line += " " + (i === last && (p === "" || p.startsWith(":") || p.includes(" ")) ? ":" : "") + p;
	});
	return line;
}

/** words with commas between, in as many lists as it takes: each fits a line behind head, and has at most most of them. */
export function lists(head, words, most = Infinity) {
	const room = LINE_BYTES - bytes(head);
	const out = [];
	let n = 0;
	let left = 0;

	for (const word of words) {
		const size = bytes(word) + 1;

		if (n++ === most || size > left) {
			out.push(word);
			n = 1;
			left = room;
		} else {
			out[out.length - 1] += "," + word;
		}
		left -= size;
	}
	return out;
}

/** Names are compared so (CASEMAPPING=ascii). */
export const fold = (name) => name.replace(/[A-Z]/g, (c) => c.toLowerCase());
export const same = (a, b) => fold(a) === fold(b);
export const isRoom = (name) => name.startsWith("#");

/** text in pieces of at most max bytes, cut between characters and, where there is one near the end, at a space. */
export function cut(text, max) {
	const pieces = [];
	let rest = text;

	while (bytes(rest) > max) {
		let piece = "";
		let n = 0;

		for (const c of rest) {
			n += bytes(c);
			if (n > max)
				break;
			piece += c;
		}
		const space = piece.lastIndexOf(" ");

		if (space > piece.length * 0.7)
			piece = piece.slice(0, space + 1);
		pieces.push(piece);
		rest = rest.slice(piece.length);
	}
	pieces.push(rest);
	return pieces;
}

/**
 * The lines that say text to target: one PRIVMSG, or a draft/multiline batch. room: what others' lines have in front of it.
 * tags go on the first line, or the batch. Without multi each line is a message of its own, of which the last gets the tags.
 */
export function sayLines(target, text, { tags = {}, multi = true, head = 120, batch = "b1" } = {}) {
	const max = LINE_BYTES - head - bytes(target);
	const lines = text.split("\n");
	const pieces = lines.flatMap((l) => cut(l, max).map((piece, i) => ({ piece, joins: i > 0 })));

	if (pieces.length === 1)
		return [format("PRIVMSG", [target, text], tags)];
	if (!multi) {
		const said = pieces.filter((p) => p.piece !== "");

		return said.map((p, i) => format("PRIVMSG", [target, p.piece], i === said.length - 1 ? tags : null));
	}
	return [
		format("BATCH", ["+" + batch, "draft/multiline", target], tags),
		...pieces.map((p) => format("PRIVMSG", [target, p.piece], p.joins ? { batch, "draft/multiline-concat": "" } : { batch })),
		format("BATCH", ["-" + batch]),
	];
}

/** Is m a refusal: for good, or (263) for now? */
export const isError = (m) => m.command === "FAIL" || /^(263|[45]\d\d)$/.test(m.command);

/** CTCP: { word, text }; null: the text is none. */
export function ctcp(text) {
	const m = /^\x01([^ \x01]+) ?([^\x01]*)\x01?$/s.exec(text);

	return m ? { word: m[1].toUpperCase(), text: m[2] } : null;
}

/** RPL_ISUPPORT's tokens into have. */
export function isupport(have, params) {
	for (const token of params.slice(1, -1)) {
		const [, off, key, value] = /^(-?)([^=]*)=?(.*)$/s.exec(token);

		if (off)
			delete have[key];
		else
			have[key] = value.replace(/\\x([0-9A-Fa-f]{2})/g, (_, h) => String.fromCharCode(parseInt(h, 16)));
	}
	return have;
}

/** Mode changes, each { on, mode, param }, of a room: which take a parameter is told by ISUPPORT. */
export function modes(text, params, { chanmodes = "Ibe,k,l,", prefix = "(ohv)@%+" } = {}) {
	const [list = "", always = "", whenSet = ""] = chanmodes.split(",");
	const ranks = /\(([^)]*)\)/.exec(prefix)?.[1] ?? "";
	const out = [];
	let on = true;
	let at = 0;

	for (const mode of text) {
		if (mode === "+" || mode === "-") {
			on = mode === "+";
			continue;
		}
		const takes = list.includes(mode) || always.includes(mode) || ranks.includes(mode) || (on && whenSet.includes(mode));

		out.push({ on, mode, param: takes ? (params[at++] ?? "") : "" });
	}
	return out;
}

/**
 * Collects batches. take(message) gives what is whole: a message that is in no batch, or { batch: type, params, tags, messages }
 * when the outermost batch ends. A multiline batch becomes one message with the lines in its text.
 */
export class Batches {
	#open = new Map();

	take(m) {
		if (m.command === "BATCH") {
			const name = m.params[0].slice(1);

			if (m.params[0].startsWith("+")) {
				this.#open.set(name, { name, type: m.params[1] ?? "", params: m.params.slice(2), opener: m, messages: [] });
				return null;
			}
			const b = this.#open.get(name);

			this.#open.delete(name);
			return b ? this.#put(b.opener.tags.batch, close(b)) : null;
		}
		return this.#put(m.tags.batch, m);
	}

	#put(name, m) {
		const outer = name !== undefined && this.#open.get(name);

		if (!outer)
			return m;
		if (m)
			outer.messages.push(m);
		return null;
	}
}

function close(b) {
	if (b.type !== "draft/multiline") {
		return { batch: b.type, params: b.params, tags: b.opener.tags, messages: b.messages };
	}
	const first = b.messages[0];

	if (!first)
		return null;
	let text = "";

	b.messages.forEach((m, i) => {
		if (i > 0 && !("draft/multiline-concat" in m.tags))
			text += "\n";
		text += m.params[1] ?? "";
	});
	const source = b.opener.source ? b.opener : first;

	return {
		...first,
		source: source.source,
		nick: source.nick,
		user: source.user,
		host: source.host,
		tags: { ...first.tags, ...b.opener.tags, batch: b.opener.tags.batch },
		params: [b.params[0] ?? first.params[0], text],
	};
}

/** An error, or another answer, as a sentence. */
export function wordsOf(m, room = null) {
	if (m.command === "401" && room)
		return "Couldn't send message :( There is nobody called so.";
	if (m.command === "372")
		return m.params.at(-1).replace(/^- ?/, "");
	if (m.command === "FAIL" || m.command === "263")
		return m.params.at(-1);
	if (m.command === "341")
		return `You have asked ${m.params[1]} into ${m.params[2]}.`;
	if (m.command < "400")
		return m.params.slice(1).join(" ");
	const about = m.params.slice(1, -1).join(" ");
	const why = m.params.at(-1);

	return about && !why.includes(about) ? `${why} (${about})` : why;
}
