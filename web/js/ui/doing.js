// doing.js - what the page does for each of the /commands (commands.js says which there are).

import { isRoom } from "../irc.js";
import { TALK } from "../model.js";
import { bansWindow, helpWindow, loginWindow, passwordWindow, registerWindow, roomsWindow, settingsWindow, whoWindow } from "./windows.js";

/** name -> function(args, all behind the name, the room on show). */
export const commands = (app) => ({
	away: (a, rest) => app.session.conn.send("AWAY", [rest || "away"]),
	back: () => app.session.conn.send("AWAY"),
	ban: ([who], _, room) => app.session.mode(room, "+b", who),
	bans: (a, r, room) => bansWindow(app.session, room),
	clear: (a, r, room) => app.model.clear(room),
	delete: (a, r, room) => {
		const m = app.lastOwn();

		m ? app.session.redact(room, m) : app.here("There is no message of yours here.", "error");
	},
	deop: ([who], _, room) => app.session.mode(room, "-ohv", who, who, who),
	edit: (a, rest, room) => {
		const m = app.lastOwn();

		m ? app.session.edit(room, m, rest) : app.here("There is no message of yours here.", "error");
	},
	file: ([to]) => app.share.pick(to ?? app.room.name),
	halfop: ([who], _, room) => app.session.mode(room, "+h", who),
	help: () => helpWindow(),
	image: ([to]) => app.share.pick(to ?? app.room.name, "image/*"),
	info: (a, r, room) => app.info(room),
	invite: ([who, where], _, room) => app.session.conn.send("INVITE", [who, where ?? room.name]),
	join: ([name, key]) => {
		const where = isRoom(name) ? name : "#" + name;

		app.model.room(where)?.joined ? app.goTo(where) : app.enter(where, key);
	},
	kick: ([who], rest, room) =>
		app.session.conn.send("KICK", [room.name, who, rest.slice(who.length).trim()].filter(Boolean)),
	leave: ([name], _, room) => app.leave(name ? app.model.room(name) : room),
	list: () => roomsWindow(app.session, (name) => app.goTo(name)),
	login: () => loginWindow(app.session),
	logout: async () => app.here((await app.session.services("LOGOUT")) || "You are logged out."),
	me: (a, rest, room) => app.session.say(room, rest, { kind: "action" }),
	mode: (a, r, room) => app.session.mode(room, ...a),
	mute: ([who], _, room) => app.session.mode(room, "+b", `m:${who}!*@*`),
	unmute: ([who], _, room) => app.session.mode(room, "-b", `m:${who}!*@*`),
	nick: ([name]) => app.session.conn.send("NICK", [name]),
	notice: ([to], rest) => app.session.conn.send("NOTICE", [to, rest.slice(to.length).trim()]),
	op: ([who], _, room) => app.session.mode(room, "+o", who),
	password: () => passwordWindow(app.session),
	query: ([name]) => app.goTo(name),
	quit: (a, rest) => app.quit(rest),
	raw: (a, rest) => app.session.conn.raw(rest),
	register: () => registerWindow(app.session),
	reply: (a, rest, room) => {
		const m = room.messages.findLast((x) => TALK.has(x.kind) && !x.own && x.msgid);

		app.session.say(room, rest, { reply: m?.msgid ?? "" });
	},
	search: (a, rest) => app.search(rest),
	settings: () => settingsWindow(),
	topic: async (a, rest, room) => {
		const wrong = rest ? await app.session.topic(room, rest) : app.topic(room);

		if (typeof wrong === "string" && wrong)
			app.here(wrong, "error");
	},
	unban: ([who], _, room) => app.session.mode(room, "-b", who),
	voice: ([who], _, room) => app.session.mode(room, "+v", who),
	whois: ([who]) => whoWindow(app.session, who),
});
