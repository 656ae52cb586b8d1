// format.js - what a message's text looks like: IRC's formatting, links, mentions; colours of names; times; sizes. Pure.

const CONTROL = /[\x02\x0f\x11\x16\x1d\x1e\x1f]|\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?/;
const STYLES = { "\x02": "bold", "\x1d": "italic", "\x1f": "underline", "\x1e": "strike", "\x11": "mono", "\x16": "reverse" };

/** Without formatting. */
export const plain = (text) => text.replace(new RegExp(CONTROL, "g"), "");

/**
 * Runs of text of one look: [{ text, bold, italic, underline, strike, mono, reverse, fg, bg }]; fg, bg: 0 to 98, or
 * undefined. Text is never lost, and every string is fine.
 */
export function runs(text) {
	const out = [];
	let style = {};

	for (const part of text.split(new RegExp(`(${CONTROL.source})`))) {
		if (!part)
			continue;
		if (part === "\x0f") {
			style = {};
		} else if (STYLES[part]) {
			style = { ...style, [STYLES[part]]: !style[STYLES[part]] };
		} else if (part[0] === "\x03") {
			const [fg, bg] = part
				.slice(1)
				.split(",")
				.map((n) => (n === "" ? undefined : Number(n)));

			style = {
				...style,
				fg: fg === 99 ? undefined : fg,
				bg: fg === undefined || bg === 99 ? undefined : (bg ?? style.bg),
			};
		} else if (part[0] !== "\x04") {
			out.push({ ...style, text: part });
		}
	}
	return out;
}

const URL_RE = /\b(?:https?:\/\/|mailto:)[^\s<>"\x00-\x1f]+/gi;

/** What turns the direction of the text behind it: an address is to be read as it is. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Of each pair of brackets: how many more of those that close there are. */
function unopened(url) {
	const more = { ")": 0, "]": 0, "}": 0 };

	for (const c of url) {
		if (c in more)
			more[c]++;
		else if (c in CLOSES)
			more[CLOSES[c]]--;
	}
	return more;
}

const CLOSES = { "(": ")", "[": "]", "{": "}" };

/** Without its end that belongs to the sentence around it. */
function trimUrl(url) {
	const more = unopened(url);
	let end = url.length;

	for (; end > 0; end--) {
		const last = url[end - 1];

		if (more[last] > 0)
			more[last]--;
		else if (!".,;:!?'*_~".includes(last))
			break;
	}
	return url.slice(0, end);
}

/** Only what a link may be: an absolute http, https or mailto address, normalised; null: it is none. */
export function safeUrl(text) {
	try {
		const url = new URL(text);

		return ["http:", "https:", "mailto:"].includes(url.protocol) && (url.host || url.protocol === "mailto:")
			? url.href
			: null;
	} catch {
		return null;
	}
}

/** text cut at its links: [{ text, href? }]. */
export function links(text) {
	const out = [];
	let at = 0;

	for (const m of text.matchAll(URL_RE)) {
		const url = trimUrl(m[0]);
		const href = safeUrl(url);

		if (!href)
			continue;
		if (m.index > at)
			out.push({ text: text.slice(at, m.index) });
		out.push({ text: url.replace(TURNS, ""), href });
		at = m.index + url.length;
	}
	if (at < text.length || !out.length)
		out.push({ text: text.slice(at) });
	return out;
}

const WORD = "[\\p{L}\\p{N}_\\-\\[\\]{}|`^\\\\]";

/** Is name said as a word of its own in text? */
export function mentions(text, name) {
	if (!name)
		return false;
	const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

	return new RegExp(`(?<!${WORD})${quoted}(?!${WORD})`, "iu").test(plain(text));
}

/** text cut at #rooms and at names: [{ text, room?, name? }]; isName(word) says what is somebody's. */
export function words(text, isName) {
	const out = [];
	let at = 0;

	for (const m of text.matchAll(/(?<![\p{L}\p{N}_/#&])#[\p{L}\p{N}_-]+|@?[\p{L}\p{N}_\-[\]{}|`^\\]+/gu)) {
		const word = m[0];
		const room = word.startsWith("#") && /\p{L}/u.test(word);
		const name = !room && isName(word.replace(/^@/, ""));

		if (!room && !name)
			continue;
		if (m.index > at)
			out.push({ text: text.slice(at, m.index) });
		out.push(room ? { text: word, room: word } : { text: word, name: word.replace(/^@/, "") });
		at = m.index + word.length;
	}
	if (at < text.length)
		out.push({ text: text.slice(at) });
	return out;
}

/** The colour of a name: one of 24, the same everywhere. The style sheet has .n0 to .n23. */
export function nameColour(name) {
	let h = 2166136261;

	for (const c of name.toLowerCase()) {
		h ^= c.codePointAt(0);
		h = Math.imul(h, 16777619);
	}
	return (h >>> 0) % 24;
}

/** What stands in a name's circle. */
export const initial = (name) => [...name.replace(/^[^\p{L}\p{N}]+/u, "")][0]?.toUpperCase() ?? "?";

const two = (n) => String(n).padStart(2, "0");

/** 14:05, or 2:05 pm. */
export function clock(ms, twelve = false) {
	const d = new Date(ms);

	return twelve
		? `${d.getHours() % 12 || 12}:${two(d.getMinutes())} ${d.getHours() < 12 ? "am" : "pm"}`
		: `${two(d.getHours())}:${two(d.getMinutes())}`;
}

export const dayKey = (ms) => new Date(ms).toDateString();

export function day(ms, now = Date.now()) {
	if (dayKey(ms) === dayKey(now))
		return "Today";
	if (dayKey(ms) === dayKey(now - 86400000))
		return "Yesterday";
	return new Date(ms).toLocaleDateString(undefined, { weekday: "long", year: "numeric", month: "long", day: "numeric" });
}

/** 12 KiB */
export function size(n) {
	const units = ["B", "KiB", "MiB", "GiB"];
	let i = 0;

	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${n < 10 && i > 0 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

/** In what form a line of talk is shown: the words before and after the text, with %n for the name. */
export const FORMATS = {
	groups: { label: "Grouped" },
	angle: { label: "<name> text", before: "<%n> " },
	colon: { label: "name: text", before: "%n: " },
	arrow: { label: "name > text", before: "%n > " },
	sent: { label: 'name sent you "text"', before: "%n: ", direct: '%n sent you "', after: '"' },
};
