// menus.js - what can be done with a message, a person, a room, oneself; as menus, and as buttons beside a message.

import { NAME_RULE, nameLike } from "../commands.js";
import { plain } from "../format.js";
import { fold } from "../irc.js";
import { TALK } from "../model.js";
import { ask } from "./dialogs.js";
import { $, copy, h, iconButton } from "./dom.js";
import { openMenu, rowButton } from "./menu.js";
import { bansWindow, helpWindow, loginWindow, modesWindow, passwordWindow, registerWindow, settingsWindow, whoWindow } from "./windows.js";

const EMOJI = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👎"];

export function messageMenu(app, m, el, at = null) {
	const room = app.room;
	const mine = m.own && m.msgid && !m.deleted;
	const caps = app.session.caps;
	const may = m.msgid && !m.deleted;
	const emoji = EMOJI.map((e) => rowButton(e, `React with ${e}`, () => app.session.react(room, m, e)));

	openMenu(
		el,
		[
			may && caps.has("message-tags") && { row: emoji, label: "Reactions" },
			may && { label: "Reply", act: () => app.input.reply(m) },
			mine && m.kind === "text" && !m.file && { label: "Edit", act: () => app.input.edit(m) },
			!m.deleted && { label: "Copy text", act: () => copy(plain(m.text)) },
			may &&
				caps.has("draft/message-redaction") &&
				(m.own || app.model.rank(room) >= 2) && {
					label: "Delete",
					danger: true,
					act: () => app.connected() && app.session.redact(room, m),
				},
			m.state === "failed" && !m.long && { label: "Try again", act: () => app.session.retry(room, m) },
		],
		at,
		"Message",
	);
}

export function userMenu(app, nick, el) {
	const room = app.room;
	const me = app.model.isMe(nick);
	const here = room?.kind === "room" && room.members.has(fold(nick));
	const mine = app.model.rank(room);
	const rank = app.model.rank(room, nick);
	const order = here && !me && mine >= 2 && rank <= mine;
	const may = (label, mode, on) => ({ label, act: () => app.session.mode(room, (on ? "+" : "-") + mode, nick) });

	openMenu(
		el,
		[
			{ head: nick },
			!me && { label: "Message", act: () => app.goTo(nick) },
			!me && here && { label: "Mention", act: () => app.input.insert(nick + ($("input").value ? " " : ": ")) },
			!me && { label: "Send a file…", act: () => app.share.pick(nick) },
			{ label: "Who is this?", act: () => whoWindow(app.session, nick) },
			order && { head: "Order" },
			order && (rank >= 1 ? may("Take voice", "v", false) : may("Give voice", "v", true)),
			order && mine >= 3 && (rank >= 3 ? may("Take operator", "o", false) : may("Make operator", "o", true)),
			order && { label: "Mute", act: () => app.session.mode(room, "+b", `m:${nick}!*@*`) },
			order && { label: "Unmute", act: () => app.session.mode(room, "-b", `m:${nick}!*@*`) },
			order && {
				label: "Kick…",
				danger: true,
				act: () =>
					reason(`Kick ${nick} from ${room.name}`, "Kick", (why) =>
						app.session.conn.send("KICK", [room.name, nick, why].filter(Boolean)),
					),
			},
			order && {
				label: "Ban and kick…",
				danger: true,
				act: () =>
					reason(`Ban ${nick} from ${room.name}`, "Ban", (why) => {
						app.session.mode(room, "+b", `${nick}!*@*`);
						app.session.conn.send("KICK", [room.name, nick, why].filter(Boolean));
					}),
			},
		],
		null,
		nick,
	);
}

function reason(heading, label, act) {
	ask(
		heading,
		[{ name: "why", label: "Reason", hint: "(not needed)", props: { maxLength: 200 } }],
		label,
		({ why }) => {
			act(why.trim());
			return "";
		},
		{ danger: true },
	);
}

export function roomMenu(app, room, el) {
	const rank = app.model.rank(room);
	const real = room.kind === "room";

	openMenu(
		el,
		[
			real && { head: room.name },
			real &&
				room.joined && { label: app.model.mayTopic(room) ? "Set the topic…" : "Topic…", act: () => app.topic(room) },
			real &&
				room.joined && {
					label: "Invite somebody…",
					act: () =>
						ask(`Invite to ${room.name}`, [{ name: "who", label: "Name" }], "Invite", ({ who }) => {
							if (!nameLike(who.trim()))
								return "This is nobody's name.";
							app.session.conn.send("INVITE", [who.trim(), room.name]);
							return "";
						}),
				},
			room.kind !== "server" && { label: "Search…", act: () => app.search() },
			real && { label: "Modes…", act: () => modesWindow(app.session, room) },
			real && rank >= 2 && { label: "Banned…", act: () => bansWindow(app.session, room) },
			room.kind !== "server" && { label: "Share a file…", act: () => app.share.pick(room.name) },
			{
				label: "Quiet: no notifications",
				checked: room.muted,
				act: () => {
					room.muted = !room.muted;
					app.model.tell("unread", room);
				},
			},
			real && !room.joined && { label: "Join again", act: () => app.session.join(room.name) },
			room.kind === "direct" && { label: "Who is this?", act: () => whoWindow(app.session, room.name) },
			room.kind !== "server" && { label: real ? "Leave" : "Close", danger: true, act: () => app.leave(room) },
		],
		null,
		room.name,
	);
}

export function meMenu(app, el) {
	const { away, account } = app.model.me;
	const accounts = app.session.caps.has("draft/account-registration");

	openMenu(
		el,
		[
			{
				label: "Another name…",
				act: () =>
					ask(
						"Another name",
						[{ name: "nick", label: "Name", props: { value: app.model.me.nick, maxLength: 32 } }],
						"Change",
						({ nick }) => {
							if (!nameLike(nick.trim()))
								return NAME_RULE;
							app.session.conn.send("NICK", [nick.trim()]);
							return "";
						},
					),
			},
			away
				? { label: "I am back", act: () => app.commands.back() }
				: {
						label: "I am away…",
						act: () =>
							ask("Away", [{ name: "why", label: "Why", hint: "(not needed)" }], "Away", ({ why }) => {
								app.commands.away([], why.trim());
								return "";
							}),
					},
			accounts && !account && { label: "Register this name…", act: () => registerWindow(app.session) },
			accounts && !account && { label: "Log in…", act: () => loginWindow(app.session) },
			accounts && account && { label: "Another password…", act: () => passwordWindow(app.session) },
			accounts && account && { label: "Log out of the account", act: () => app.commands.logout() },
			{ label: "Settings…", act: settingsWindow },
			{ label: "Help…", act: helpWindow },
			{ label: "Disconnect", danger: true, act: () => app.quit() },
		],
		null,
		"You",
	);
}

/** Buttons beside the message that the pointer is on. */
export function messageTools(app) {
	const tools = h(
		"div.tools",
		{},
		iconButton("reply", "Reply", () => tools.m && app.input.reply(tools.m)),
		iconButton(
			"smile",
			"React",
			(e) =>
				tools.m &&
				openMenu(e.currentTarget, [
					{
						row: EMOJI.map((x) =>
							rowButton(x, `React with ${x}`, () => app.session.react(app.room, tools.m, x)),
						),
						label: "Reactions",
					},
				]),
		),
		iconButton("more", "More", (e) => tools.m && messageMenu(app, tools.m, e.currentTarget)),
	);
	const put = (e) => {
		const m = app.log.of(e.target);
		const said = e.target.closest?.(".row")?.querySelector(".said");

		if (said && m && TALK.has(m.kind) && m.msgid && !m.deleted && tools.parentNode !== said) {
			tools.m = m;
			said.append(tools);
		} else if (!said || !m?.msgid) {
			tools.remove();
		}
	};

	$("log").addEventListener("pointerover", put);
	$("log").addEventListener("focusin", put);
	// a finger leaves before what it has touched is clicked
	$("log").addEventListener("pointerleave", (e) => e.pointerType !== "touch" && tools.remove());
}
