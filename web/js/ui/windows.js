// windows.js - the windows with something in them: settings, rooms, search, who somebody is, accounts, help.

import { COMMANDS, roomLike } from "../commands.js";
import { clock, day, FORMATS, nameColour, plain } from "../format.js";
import { allow, sound } from "../notify.js";
import { set, settings } from "../settings.js";
import { ask, choice, dialog, field, toggle } from "./dialogs.js";
import { h } from "./dom.js";

export function settingsWindow() {
	dialog(
		"Settings",
		choice("Appearance", settings.theme, { auto: "As the system", light: "Light", dark: "Dark" }, (v) => set("theme", v)),
		choice("Messages", settings.format, Object.fromEntries(Object.entries(FORMATS).map(([k, f]) => [k, f.label])), (v) =>
			set("format", v),
		),
		choice("Time", settings.twelve ? "12" : "24", { 24: "14:05", 12: "2:05 pm" }, (v) => set("twelve", v === "12")),
		toggle(
			"Notifications",
			settings.notify,
			async (on, el) => {
				const good = on && (await allow());

				set("notify", good);
				el.checked = good;
				if (on && !good)
					el.parentNode.querySelector(".soft").textContent = "This browser does not allow them for this page.";
			},
			"when somebody names you, or writes to you",
		),
		toggle("Sounds", settings.sounds, (on) => {
			set("sounds", on);
			if (on)
				sound();
		}),
		toggle("Who comes and goes", settings.joins, (on) => set("joins", on)),
		toggle("Pictures among the messages", settings.previews, (on) => set("previews", on)),
		toggle("Enter sends", settings.enter, (on) => set("enter", on), "Shift+Enter begins a line; otherwise Ctrl+Enter sends"),
	);
}

export function helpWindow() {
	const groups = [...new Set(COMMANDS.map((c) => c.group))];
	const keys = [
		["Enter", "send"],
		["Shift+Enter", "a new line"],
		["Tab", "complete a name, room or command"],
		["↑ in the empty box", "edit your last message"],
		["Ctrl+K", "go to a room"],
		["Alt+↑, Alt+↓", "the next room"],
		["Alt+Shift+↑, ↓", "the next one with something new"],
		["Ctrl+Shift+F", "search"],
		["Page ↑, ↓", "scroll"],
		["Esc", "to the end, all read"],
	];

	dialog(
		"Help",
		h("p.lead", {}, "Type a message, and Enter. ", h("code", {}, "text@name"), " goes to one person alone."),
		groups.map((g) => [
			h("h3", {}, g),
			h(
				"dl.help",
				{},
				COMMANDS.filter((c) => c.group === g).map((c) => [h("dt", {}, `/${c.name} ${c.usage}`), h("dd", {}, c.help)]),
			),
		]),
		h("h3", {}, "Keys"),
		h(
			"dl.help",
			{},
			keys.map(([k, what]) => [h("dt", {}, k), h("dd", {}, what)]),
		),
	);
}

/** A list with a filter above it; rows: { text, more, count, act }. load(): the rows, or a promise of them. */
function picker(title, label, load, { extra = null } = {}) {
	const list = h("ul.picker");
	const f = field(label, { autocomplete: "off", enterKeyHint: "go" });
	const el = dialog(title, f.el, list);
	let rows = [];
	let at = 0;

	function draw() {
		const words = f.input.value.trim().toLowerCase();
		const found = rows.filter((r) => r.text.toLowerCase().includes(words)).slice(0, 200);
		const more = extra?.(f.input.value.trim(), rows);
		const all = more ? [...found, more] : found;

		at = Math.max(0, Math.min(at, all.length - 1));
		list.replaceChildren(
			...all.map((r, i) =>
				h(
					"li",
					{},
					h(
						`button${i === at ? ".chosen" : ""}`,
						{
							type: "button",
							onclick: () => {
								el.close();
								r.act();
							},
						},
						h("b", {}, r.text),
						r.count ? h("span.soft", {}, r.count) : null,
						r.more ? h("span.soft.block", {}, r.more) : null,
					),
				),
			),
		);
	}
	f.input.addEventListener("input", () => {
		at = 0;
		draw();
	});
	f.input.addEventListener("keydown", (e) => {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];

		if (step) {
			at += step;
			draw();
			list.children[at]?.scrollIntoView({ block: "nearest" });
			e.preventDefault();
		} else if (e.key === "Enter") {
			list.children[at]?.firstChild.click();
			e.preventDefault();
		}
	});
	f.input.focus();
	Promise.resolve(load()).then((r) => {
		rows = r;
		draw();
	});
	return el;
}

/** Rooms to go into: those that there are, or a new one. */
export function roomsWindow(session, go) {
	picker(
		"Join a room",
		"Room",
		async () => {
			const answer = await session.fetch("LIST", []);

			return (answer ?? [])
				.filter((m) => m.command === "322")
				.map((m) => ({
					text: m.params[1],
					count: `${m.params[2]} here`,
					n: Number(m.params[2]),
					more: plain(m.params[3] ?? ""),
					act: () => go(m.params[1]),
				}))
				.sort((a, b) => b.n - a.n);
		},
		{
			extra: (words, rows) => {
				const name = words.startsWith("#") ? words : "#" + words;

				return roomLike(name) && !rows.some((r) => r.text.toLowerCase() === name.toLowerCase())
					? { text: name, more: "Make this room", act: () => go(name) }
					: null;
			},
		},
	);
}

/** Ctrl+K */
export function switchWindow(model, go, talk) {
	picker(
		"Go to",
		"Room or person",
		() =>
			model
				.listed()
				.map((r) => ({
					text: r.kind === "server" ? "Server" : r.name,
					count: r.unread ? `${r.unread} new` : "",
					act: () => go(r),
				})),
		{
			extra: (words, rows) =>
				words && !rows.some((r) => r.text.toLowerCase() === words.toLowerCase())
					? {
							text: words,
							more: words.startsWith("#") ? "Join this room" : "Talk with this person",
							act: () => talk(words),
						}
					: null,
		},
	);
}

export function searchWindow(session, room, words, jump) {
	const all = h("input", { type: "checkbox", id: "search-all" });
	const f = field("Words", { value: words, autocomplete: "off", enterKeyHint: "search" });
	const from = field("From", { autocomplete: "off" }, "(a name; not needed)");
	const list = h("ul.found", { "aria-live": "polite" });
	const form = h(
		"form.search",
		{},
		f.el,
		from.el,
		room ? h("label.check", { htmlFor: "search-all" }, all, " In all rooms and talks") : null,
		h("div.buttons", {}, h("button.primary", { type: "submit" }, "Search")),
	);
	const el = dialog("Search", form, list);

	async function search() {
		const text = f.input.value.trim();

		if (!text && !from.input.value.trim())
			return;
		list.replaceChildren(h("li.soft", {}, "Searching…"));
		const found = await session.history.search(text, { place: room && !all.checked ? room.name : "", from: from.input.value.trim() });
		const none =
			typeof found === "string" ? found : found === null ? "There is no search on this server." : "Nothing has been found.";

		const lacks = found?.lacks ? [h("li.soft", {}, found.lacks)] : [];

		if (!Array.isArray(found) || !found.length)
			list.replaceChildren(h("li.soft", {}, none), ...lacks);
		else
			list.replaceChildren(
				...lacks,
				...found.reverse().map((m) =>
					h(
						"li",
						{},
						h(
							"button",
							{
								type: "button",
								onclick: () => {
									el.close();
									jump(m);
								},
							},
							h(
								"span.found-head",
								{},
								h(`b.nick.n${nameColour(m.nick)}`, {}, m.nick),
								h("span.soft", {}, ` ${m.place}, ${day(m.at)} ${clock(m.at, settings.twelve)}`),
							),
							h("span.block", {}, plain(m.text).slice(0, 400)),
						),
					),
				),
			);
	}
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		search();
	});
	f.input.focus();
	if (words)
		search();
}

/** Who somebody is: WHOIS. */
export async function whoWindow(session, nick) {
	const answer = (await session.fetch("WHOIS", [nick, nick])) ?? [];
	const rows = [];
	const get = (n) => answer.find((m) => m.command === n);
	const add = (label, value) => value && rows.push(h("dt", {}, label), h("dd", {}, value));
	const user = get("311");

	if (!user) {
		dialog(nick, h("p", {}, "There is nobody of that name here."));
		return;
	}
	add("Name", user.params.at(-1));
	add("Account", get("330")?.params[2]);
	add("Away", get("301")?.params.at(-1));
	add("Address", get("378")?.params.at(-1) ?? `${user.params[2]}@${user.params[3]}`);
	add("Rooms", get("319")?.params.at(-1));
	if (get("317")) {
		const idle = Number(get("317").params[2]);
		const since = Number(get("317").params[3]) * 1000;

		add("Quiet for", idle < 60 ? `${idle} s` : idle < 3600 ? `${Math.floor(idle / 60)} min` : `${Math.floor(idle / 3600)} h`);
		add("Here since", `${day(since)} ${clock(since, settings.twelve)}`);
	}
	add("", get("313") && "Operator of the server");
	add("", get("335") && "A program");
	add("", get("671") && "Comes over TLS");
	dialog(nick, h("dl.facts", {}, rows));
}

export function registerWindow(session) {
	const value = session.caps.value("draft/account-registration");

	ask(
		"Make an account",
		[
			{ name: "password", label: "Password", props: { type: "password", autocomplete: "new-password" } },
			{ name: "again", label: "The same again", props: { type: "password", autocomplete: "new-password" } },
			{ name: "email", label: "Email", props: { type: "email" }, hint: "email-required" in value ? "" : "(not needed)" },
			{ name: "invite", label: "Invitation", props: { autocomplete: "off" }, hint: "(if you have one)" },
		],
		"Register",
		({ password, again, email, invite }) => {
			if (password !== again)
				return "The passwords are not the same.";
			return password ? session.register({ email, password, invite }) : "A password is needed.";
		},
		{ lead: `${session.model.me.nick} will be your name, and nobody else's.` },
	);
}

/** lead: why it is asked. */
export function loginWindow(session, lead = "") {
	ask(
		"Log in",
		[
			{ name: "account", label: "Account", props: { value: session.model.me.nick, autocomplete: "username" } },
			{ name: "password", label: "Password", props: { type: "password", autocomplete: "current-password" } },
		],
		"Log in",
		async ({ account, password }) => {
			const words = await session.services("IDENTIFY", account, password);

			if (!session.model.me.account)
				return words || "No answer.";
			session.who.password = password;
			session.who.account = account;
			return "";
		},
		{ lead },
	);
}

export function passwordWindow(session) {
	ask(
		"Another password",
		[
			{ name: "old", label: "The present one", props: { type: "password", autocomplete: "current-password" } },
			{ name: "password", label: "The new one", props: { type: "password", autocomplete: "new-password" } },
			{ name: "again", label: "The same again", props: { type: "password", autocomplete: "new-password" } },
		],
		"Change",
		async ({ old, password, again }) => {
			if (password !== again)
				return "The new ones are not the same.";
			const words = await session.services("SET", "PASSWORD", old, password);

			if (!/has been changed/i.test(words))
				return words || "No answer.";
			session.who.password &&= password;
			return "";
		},
	);
}

const FLAGS = {
	i: "Only who is invited may join",
	m: "Only voices may speak",
	n: "Only members may speak",
	t: "Only operators change the topic",
	s: "Not in the list of rooms",
	C: "No requests to programs (CTCP)",
	R: "Only people with an account may join",
	M: "Only people with an account may speak",
};

/** What an operator may set. */
export async function modesWindow(session, room) {
	await session.conn.ask("MODE", [room.name]);
	const may = session.model.rank(room) >= 3;
	const modes = room.modes ?? new Map();
	const flag = ([mode, label]) => toggle(label, modes.has(mode), (on) => session.mode(room, (on ? "+" : "-") + mode));
	const key = field("Key", { value: modes.get("k") ?? "", maxLength: 23, autocomplete: "off" }, "(empty: none)");
	const limit = field(
		"Most members",
		{ value: modes.get("l") ?? "", inputMode: "numeric", autocomplete: "off" },
		"(empty: no limit)",
	);

	key.input.addEventListener("change", () =>
		key.input.value ? session.mode(room, "+k", key.input.value) : session.mode(room, "-k", room.modes?.get("k") ?? "*"),
	);
	limit.input.addEventListener("change", () =>
		Number(limit.input.value) > 0 ? session.mode(room, "+l", limit.input.value) : session.mode(room, "-l"),
	);
	const el = dialog(`Modes of ${room.name}`, Object.entries(FLAGS).map(flag), key.el, limit.el);

	if (!may)
		el.querySelectorAll("input").forEach((i) => (i.disabled = true));
}

/** Who is banned (b) or muted, and a way to end it. */
export async function bansWindow(session, room) {
	const answer = (await session.fetch("MODE", [room.name, "+b"])) ?? [];
	const bans = answer.filter((m) => m.command === "367");
	const may = session.model.rank(room) >= 2;
	const list = bans.map((m) =>
		h(
			"li",
			{},
			h("code", {}, m.params[2]),
			h("span.soft", {}, m.params[3] ? ` by ${m.params[3].split("!")[0]}` : ""),
			may
				? h(
						"button.link",
						{
							type: "button",
							onclick: (e) => {
								session.mode(room, "-b", m.params[2]);
								e.target.closest("li").remove();
							},
						},
						"Lift",
					)
				: null,
		),
	);

	dialog(`Banned from ${room.name}`, list.length ? h("ul.plain", {}, list) : h("p.soft", {}, "Nobody is banned here."));
}
