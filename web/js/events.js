// events.js - what each of the server's commands means for the model: the line that it is in a room (MAKERS), and what changes
// (HANDLERS, called with the model as this). Pure.

import { ctcp, fold, isRoom, isupport, modes } from "./irc.js";

const RANKS = { "@": 3, "%": 2, "+": 1 };
const RANK_MODES = { o: 3, h: 2, v: 1 };

export const EDIT_TAG = "+draft/edit";
const EDITED = "[edited] ";

/**
 * The words that m has instead of those of the message which its tag names; null: it is another message. Such a one only the server
 * makes, and it has seen that the words are that one's who said the first, whatever they were called then: a text with that
 * tag is never passed on as it is, only a CTCP is.
 */
export const editedText = (m) =>
	m.command === "PRIVMSG" && EDIT_TAG in m.tags && m.params[1]?.startsWith(EDITED) ? m.params[1].slice(EDITED.length) : null;

// --- a message's form, by command: what of it is shown

export const MAKERS = {
	PRIVMSG(m) {
		const c = ctcp(m.params[1] ?? "");

		if (c && c.word !== "ACTION")
			return null;
		return {
			kind: c ? "action" : "text",
			text: c ? c.text : (editedText(m) ?? m.params[1] ?? ""),
			...(/^[@%+]/.test(m.params[0]) ? { only: m.params[0][0] } : {}),
		};
	},
	NOTICE(m) {
		return ctcp(m.params[1] ?? "") ? null : { kind: "notice", text: m.params[1] ?? "" };
	},
	JOIN: (m) => ({ kind: "join", text: `${m.nick} has entered the chat.` }),
	PART: (m) => ({ kind: "part", text: `${m.nick} has left the chat.${because(m.params[1])}` }),
	QUIT: (m) => ({ kind: "quit", text: `${m.nick} has left the chat.${because(m.params[0])}` }),
	KICK: (m) => ({ kind: "kick", text: `${m.params[1]} has been removed by ${m.nick || "the server"}${because(m.params[2])}.` }),
	NICK: (m) => ({ kind: "nick", text: `${m.nick} is now ${m.params[0]}` }),
	TOPIC: (m) => ({
		kind: "topic",
		text: m.params[1] ? `${m.nick} has set the topic: ${m.params[1]}` : `${m.nick} has removed the topic.`,
	}),
	MODE: (m) =>
		isRoom(m.params[0]) ? { kind: "mode", text: `${m.nick || "Server"} has set ${m.params.slice(1).join(" ")}` } : null,
	RENAME: (m) => ({ kind: "topic", text: `${m.nick} has renamed the room: it is ${m.params[1]} now.${because(m.params[2])}` }),
};

const member = (nick, ...ranks) => ({ nick, ranks, rank: Math.max(0, ...ranks) });

const because = (why) => (why ? ` (${why})` : "");

// --- what changes, by command

function everywhere(model, nick, fn) {
	const key = fold(nick);

	for (const room of model.rooms.values()) {
		if (room.members.has(key))
			fn(room, key);
	}
}

function numericList(model, m, name, add) {
	const room = model.room(name);

	if (room)
		add(room);
}

export const HANDLERS = {
	PRIVMSG(m) {
		const room = this.place(m);

		if (room) {
			const u = this.users.get(fold(m.nick));

			if (u && m.tags.account)
				u.account = m.tags.account;
			if (u)
				u.bot = "bot" in m.tags;
			this.said(room, m);
		}
	},
	NOTICE(m) {
		HANDLERS.PRIVMSG.call(this, m);
	},
	TAGMSG(m) {
		HANDLERS.PRIVMSG.call(this, m);
	},
	REDACT(m) {
		HANDLERS.PRIVMSG.call(this, m);
	},
	JOIN(m) {
		const name = m.params[0];
		const room = this.isMe(m.nick) ? this.open(name, Date.parse(m.tags.time ?? "") || this.now()) : this.room(name);

		if (!room)
			return;
		if (this.isMe(m.nick)) {
			room.joined = true;
			room.wanted = true;
			room.name = name;
			room.members.clear();
		}
		const u = this.user(m.nick);

		if (m.params[1] !== undefined)
			u.account = m.params[1] === "*" ? "" : m.params[1];
		u.online = true;
		room.members.set(fold(m.nick), member(m.nick));
		this.said(room, m);
		this.tell("members", room);
		if (this.isMe(m.nick)) {
			this.tell("rooms", room);
			this.tell("joined", room);
		}
	},
	PART(m) {
		const room = this.room(m.params[0]);

		if (room)
			leaves(this, room, m, m.nick);
	},
	KICK(m) {
		const room = this.room(m.params[0]);

		if (room)
			leaves(this, room, m, m.params[1]);
	},
	QUIT(m) {
		everywhere(this, m.nick, (room, key) => {
			room.members.delete(key);
			room.typing.delete(m.nick);
			this.said(room, m);
			this.tell("members", room);
		});
		this.gone(m.nick);
		this.tell("user", null, m.nick);
	},
	NICK(m) {
		const to = m.params[0];
		const u = this.user(m.nick);

		everywhere(this, m.nick, (room, key) => {
			const member = room.members.get(key);

			room.members.delete(key);
			room.members.set(fold(to), { ...member, nick: to });
			this.said(room, m);
			this.tell("members", room);
		});
		this.users.delete(fold(m.nick));
		this.users.set(fold(to), { ...u, nick: to });
		if (this.isMe(m.nick)) {
			this.me.nick = to;
			this.tell("me");
		}
		const direct = this.room(m.nick);

		if (direct && !this.room(to)) {
			this.rooms.delete(direct.key);
			direct.name = to;
			direct.key = fold(to);
			this.rooms.set(direct.key, direct);
			this.note(direct, `${m.nick} is now ${to}`, "nick");
			this.tell("rooms", direct);
		}
	},
	TOPIC(m) {
		const room = this.room(m.params[0]);

		if (!room)
			return;
		room.topic = m.params[1] ?? "";
		room.topicBy = m.nick;
		this.said(room, m);
		this.tell("room", room);
	},
	MODE(m) {
		if (!isRoom(m.params[0])) {
			this.me.modes = m.params[1] ?? "";
			return;
		}
		const room = this.room(m.params[0]);

		if (!room)
			return;
		changeModes(this, room, m.params[1] ?? "", m.params.slice(2));
		this.said(room, m);
		this.tell("room", room);
	},
	RENAME(m) {
		const room = this.room(m.params[0]);

		if (!room)
			return;
		this.rooms.delete(room.key);
		room.name = m.params[1];
		room.key = fold(room.name);
		this.rooms.set(room.key, room);
		this.said(room, m);
		this.tell("rooms", room);
		this.tell("room", room);
		this.tell("renamed", room);
	},
	AWAY(m) {
		const u = this.user(m.nick);

		u.away = Boolean(m.params[0]);
		u.awayText = m.params[0] ?? "";
		if (this.isMe(m.nick)) {
			this.me.away = u.away;
			this.tell("me");
		}
		this.tell("user", null, m.nick);
	},
	ACCOUNT(m) {
		const account = m.params[0] === "*" ? "" : m.params[0];

		this.user(m.nick).account = account;
		if (this.isMe(m.nick)) {
			this.me.account = account;
			this.tell("me");
		}
		this.tell("user", null, m.nick);
	},
	CHGHOST() {},
	SETNAME(m) {
		this.user(m.nick).real = m.params[0] ?? "";
	},
	MARKREAD(m) {
		const room = this.room(m.params[0]);
		const at = Date.parse((m.params[1] ?? "").replace(/^timestamp=/, ""));

		if (room)
			this.marked(room, at || 0);
	},
	"001"(m) {
		this.me.nick = m.params[0];
		this.tell("me");
	},
	"005"(m) {
		isupport(this.isupport, m.params);
	},
	301(m) {
		const u = this.user(m.params[1]);

		u.away = true;
		u.awayText = m.params[2] ?? "";
		this.tell("user", null, m.params[1]);
	},
	305() {
		this.me.away = false;
		this.tell("me");
	},
	306() {
		this.me.away = true;
		this.tell("me");
	},
	324(m) {
		const room = this.room(m.params[1]);

		if (room) {
			room.modes = new Map();
			changeModes(this, room, m.params[2] ?? "", m.params.slice(3));
			this.tell("room", room);
		}
	},
	329() {},
	331(m) {
		numericList(this, m, m.params[1], (room) => {
			room.topic = "";
			this.tell("room", room);
		});
	},
	332(m) {
		numericList(this, m, m.params[1], (room) => {
			room.topic = m.params[2] ?? "";
			this.tell("room", room);
		});
	},
	333(m) {
		numericList(this, m, m.params[1], (room) => {
			room.topicBy = (m.params[2] ?? "").split("!")[0];
			this.tell("room", room);
		});
	},
	353(m) {
		numericList(this, m, m.params[2], (room) => {
			for (const word of (m.params[3] ?? "").split(" ").filter(Boolean)) {
				const [, signs, rest] = /^([@%+]*)(.*)$/.exec(word);
				const nick = rest.split("!")[0];

				room.members.set(fold(nick), member(nick, ...[...signs].map((s) => RANKS[s])));
				this.user(nick).online = true;
			}
		});
	},
	366(m) {
		numericList(this, m, m.params[1], (room) => this.tell("members", room));
	},
	// WHOX as the session asks for it: %tnfa,7
	354(m) {
		const [, token, nick, flags, account] = m.params;

		if (token !== "7" || !nick)
			return;
		const u = this.user(nick);

		u.away = flags?.includes("G") ?? false;
		u.bot = flags?.includes("B") ?? false;
		u.account = account && account !== "0" ? account : "";
		if (this.isMe(nick))
			this.me.away = u.away;
	},
	315(m) {
		numericList(this, m, m.params[1], (room) => this.tell("members", room));
	},
	730(m) {
		present(this, m.params[1], true);
	},
	731(m) {
		present(this, m.params[1], false);
	},
	900(m) {
		this.me.account = m.params[2] ?? "";
		this.tell("me");
	},
	901() {
		this.me.account = "";
		this.tell("me");
	},
};

function present(model, list, online) {
	for (const who of (list ?? "").split(",")) {
		const nick = who.split("!")[0];

		if (!nick)
			continue;
		model.user(nick).online = online;
		model.tell("user", null, nick);
	}
}

function leaves(model, room, m, nick) {
	const me = model.isMe(nick);

	room.members.delete(fold(nick));
	room.typing.delete(nick);
	model.said(room, m);
	if (me) {
		room.anchor ??= room.end();
		room.joined = false;
		room.wanted = false;
		room.members.clear();
		model.tell("left", room, { kicked: m.command === "KICK", by: m.nick, why: m.params[2] ?? "" });
		model.tell("rooms", room);
	}
	model.tell("members", room);
}

function changeModes(model, room, text, params) {
	const list = modes(text, params, { chanmodes: model.isupport.CHANMODES, prefix: model.isupport.PREFIX });

	for (const { on, mode, param } of list) {
		const rank = RANK_MODES[mode];
		const who = rank && room.members.get(fold(param));

		if (who) {
			const ranks = on ? [...who.ranks, rank] : who.ranks.filter((r) => r !== rank);

			room.members.set(fold(param), member(who.nick, ...ranks));
			model.tell("members", room);
		} else if (!rank && !"Ibe".includes(mode)) {
			if (on)
				room.modes?.set(mode, param);
			else
				room.modes?.delete(mode);
		}
	}
}
