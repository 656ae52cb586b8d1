// commands.js - what a typed line means: text, /commands, and the words of the line protocol (text@name, !INFO, quit@Server).
// Pure: a line becomes { do, ... }; session.js and the page carry it out. Help and completion read the same table.

export const COMMANDS = [
	// name, what follows, words it has to have, help
	{ name: "away", usage: "[REASON]", help: "tell others that you are away", group: "You" },
	{ name: "back", usage: "", help: "you are here again", group: "You" },
	{ name: "ban", usage: "NAME|MASK", min: 1, help: "keep somebody out of the room", group: "Order" },
	{ name: "bans", usage: "", help: "who is banned here", group: "Order" },
	{ name: "clear", usage: "", help: "empty the window; nothing is deleted", group: "Page" },
	{ name: "delete", usage: "", help: "take back your last message", group: "Talk" },
	{ name: "deop", usage: "NAME", min: 1, help: "take somebody's rank", group: "Order" },
	{ name: "edit", usage: "TEXT", min: 1, help: "other words for your last message", group: "Talk" },
	{ name: "file", usage: "[NAME|#ROOM]", help: "share a file", group: "Talk", alias: ["upload"] },
	{ name: "halfop", usage: "NAME", min: 1, help: "make somebody half-operator", group: "Order" },
	{ name: "help", usage: "", help: "this table", group: "Page", alias: ["commands"] },
	{ name: "image", usage: "[NAME|#ROOM]", help: "send a picture", group: "Talk" },
	{ name: "info", usage: "", help: "who is in the room", group: "Rooms", alias: ["who", "names", "users"] },
	{ name: "invite", usage: "NAME [#ROOM]", min: 1, help: "ask somebody in", group: "Rooms" },
	{ name: "join", usage: "#ROOM [KEY]", min: 1, help: "go into a room, or make it", group: "Rooms", alias: ["j"] },
	{ name: "kick", usage: "NAME [REASON]", min: 1, help: "remove somebody from the room", group: "Order" },
	{ name: "leave", usage: "[#ROOM]", help: "leave the room", group: "Rooms", alias: ["part", "close"] },
	{ name: "list", usage: "", help: "rooms that there are", group: "Rooms", alias: ["rooms"] },
	{ name: "login", usage: "", help: "log in to your account", group: "You" },
	{ name: "logout", usage: "", help: "log out of your account", group: "You" },
	{ name: "me", usage: "TEXT", min: 1, help: "say what you do", group: "Talk" },
	{ name: "mode", usage: "MODES", min: 1, help: "change modes of the room", group: "Order" },
	{ name: "msg", usage: "NAME TEXT", min: 2, help: "say something to one person", group: "Talk", alias: ["m", "tell", "w"] },
	{ name: "mute", usage: "NAME", min: 1, help: "somebody may not speak here", group: "Order" },
	{ name: "nick", usage: "NAME", min: 1, help: "go by another name", group: "You" },
	{ name: "notice", usage: "NAME|#ROOM TEXT", min: 2, help: "a notice, which programs do not answer", group: "Talk" },
	{ name: "op", usage: "NAME", min: 1, help: "make somebody operator", group: "Order" },
	{ name: "password", usage: "", help: "another password for your account", group: "You" },
	{ name: "query", usage: "NAME", min: 1, help: "talk with one person", group: "Talk", alias: ["q", "dm"] },
	{ name: "quit", usage: "[WORDS]", help: "leave the chat", group: "You", alias: ["disconnect", "exit", "bye"] },
	{ name: "raw", usage: "LINE", min: 1, help: "a line of IRC, as it is", group: "Page", alias: ["quote"] },
	{ name: "register", usage: "", help: "make an account of your name", group: "You" },
	{ name: "reply", usage: "TEXT", min: 1, help: "answer the last message", group: "Talk" },
	{ name: "say", usage: "TEXT", min: 1, help: "say it as it is, whatever it looks like", group: "Talk" },
	{ name: "search", usage: "[WORDS]", help: "find what was said", group: "Page" },
	{ name: "settings", usage: "", help: "how the page looks and sounds", group: "Page", alias: ["set"] },
	{ name: "topic", usage: "[TEXT]", help: "show or set what the room is about", group: "Rooms" },
	{ name: "unban", usage: "NAME|MASK", min: 1, help: "let somebody in again", group: "Order" },
	{ name: "unmute", usage: "NAME", min: 1, help: "somebody may speak again", group: "Order" },
	{ name: "voice", usage: "NAME", min: 1, help: "somebody may speak in a moderated room", group: "Order" },
	{ name: "whois", usage: "NAME", min: 1, help: "who somebody is", group: "Talk" },
];

/** The words of other chat programs, whatever their case; by their beginning, as those did. */
const WORDS = [
	{ word: "!info", do: "info" },
	{ word: "!getallactiveusers", do: "info" },
	{ word: "!disconnect", do: "quit" },
	{ word: "!exit", do: "quit" },
	{ word: "!showuserhasconnected", do: "nothing" },
	{ word: "!file", do: "file" },
];

const AT_SERVER = new Map(Object.entries({ show: "info", quit: "quit", help: "help" }));

const byName = new Map(COMMANDS.flatMap((c) => [c.name, ...(c.alias ?? [])].map((n) => [n, c])));

/** Could somebody be called so? As strict as needed to tell names from text: `5 @ noon` and `me@example.com` are text. */
export const nameLike = (word) => /^[\p{L}_[\]{}|^`\\][\p{L}\p{M}\p{Nd}_\-[\]{}|^`\\]{0,31}$/u.test(word);
export const NAME_RULE = "A name is letters and digits, at most 32, without spaces; it begins with a letter.";
export const roomLike = (word) => /^#[^\s,:\p{C}]{1,64}$/u.test(word);

/**
 * text@name, split at the last '@' that has no '\' before it: { text, to }; to: "" if the line is for the room. A line whose end
 * looks like a name is never for the room, also if there is nobody called so.
 */
export function splitAt(line) {
	let text = "";
	let last = -1;

	for (let i = 0; i < line.length; i++) {
		if (line[i] === "\\" && line[i + 1] === "@")
			i++;
		else if (line[i] === "@")
			last = text.length;
		text += line[i];
	}
	if (last < 0)
		return { text, to: "" };
	const to = text.slice(last + 1).replace(/ +$/, "");

	return nameLike(to) || roomLike(to) ? { text: text.slice(0, last).replace(/ +$/, ""), to } : { text, to: "" };
}

/**
 * What line means: { do: "say", text }, { do: "msg", to, text }, { do: COMMAND, args, rest }, { do: "error", text } or
 * { do: "nothing" }. rest: all that follows the command's name.
 */
export function understand(line) {
	if (!line.trim())
		return { do: "nothing" };
	if (line.startsWith("//"))
		return { do: "say", text: line.slice(1) };
	if (line.startsWith("/") && !line.startsWith("/ "))
		return command(line);
	const word = !line.includes("\n") && WORDS.find((w) => line.toLowerCase().split(" ")[0] === w.word);

	if (word)
		return { do: word.do, args: [], rest: "" };
	const { text, to } = splitAt(line);

	if (!to)
		return { do: "say", text };
	const head = text.toLowerCase();

	if (to.toLowerCase() === "server")
		return AT_SERVER.has(head)
			? { do: AT_SERVER.get(head), args: [], rest: "" }
			: { do: "error", text: "show@Server, quit@Server and help@Server are what can be said to the server." };
	if (head === "image" || head === "file")
		return { do: head, args: [to], rest: to };
	if (roomLike(to))
		return { do: "say", text: line };
	return text ? { do: "msg", args: [to], to, text, rest: "" } : { do: "error", text: `What is to be said to ${to}?` };
}

function command(line) {
	const [, name, rest] = /^\/(\S+)\s?([^]*)$/.exec(line);
	const row = byName.get(name.toLowerCase());

	if (!row)
		return { do: "error", text: `There is no command /${name}. /help shows those that there are.` };
	const args = rest.trim().split(/\s+/).filter(Boolean);

	if (args.length < (row.min ?? 0))
		return { do: "error", text: `/${row.name} ${row.usage}: ${row.help}` };
	if (row.name === "msg")
		return { do: "msg", args, to: args[0], text: rest.replace(/^\s*\S+\s?/, ""), rest };
	if (row.name === "say")
		return { do: "say", text: rest };
	return { do: row.name, args, rest };
}

/**
 * What the word before the cursor can become: { from, items: [{ text, label, hint }] }; names, rooms: those that there are.
 */
export function complete(text, cursor, { names = [], rooms = [], last = [] } = {}) {
	const before = text.slice(0, cursor);
	const word = /\S*$/.exec(before)[0];
	const from = cursor - word.length;
	const low = word.toLowerCase();
	const starts = (n) => n.toLowerCase().startsWith(low);

	if (word.startsWith("/") && from === 0) {
		return {
			from,
			items: COMMANDS.filter((c) => [c.name, ...(c.alias ?? [])].some((n) => starts("/" + n))).map((c) => ({
				text: `/${c.name} `,
				label: `/${c.name} ${c.usage}`,
				hint: c.help,
			})),
		};
	}
	if (word.startsWith("#"))
		return { from, items: rooms.filter(starts).map((r) => ({ text: r + " ", label: r, hint: "" })) };
	const at = word.startsWith("@") ? 1 : 0;
	const stem = low.slice(at);

	if (!stem && !at)
		return { from, items: [] };
	const found = names.filter((n) => n.toLowerCase().startsWith(stem));
	const recent = (n) => (last.includes(n) ? last.indexOf(n) : 1e9);

	found.sort((a, b) => recent(a) - recent(b) || a.localeCompare(b));
	return { from, items: found.slice(0, 50).map((n) => ({ text: from === 0 ? `${n}: ` : `${n} `, label: n, hint: "" })) };
}
