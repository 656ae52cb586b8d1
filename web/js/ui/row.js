// row.js - one message as an element of the log.

import { clock, day, dayKey, FORMATS, initial, links, mentions, nameColour, plain, runs, size, words } from "../format.js";
import { expired } from "../filetag.js";
import { TALK } from "../model.js";
import { settings } from "../settings.js";
import { h, icon } from "./dom.js";

const GROUP_MS = 5 * 60000;
const STATES = { sending: ["wait", "Sending"], delivered: ["check", "Delivered"], failed: ["bang", "Not sent"] };

/** Does m stand under the same name as the one before it? */
function continues(m, before) {
	return (
		before &&
		m.kind === "text" &&
		TALK.has(before.kind) &&
		before.kind === "text" &&
		before.nick === m.nick &&
		m.at - before.at < GROUP_MS &&
		dayKey(m.at) === dayKey(before.at) &&
		!m.reply &&
		!m.only &&
		!before.only
	);
}

/**
 * What of a row follows from those around it and from the settings: rows with another sign are made anew. fresh: the line "new"
 * is above it.
 */
export function sign(m, before, room, fresh) {
	const newDay = !before || dayKey(before.at) !== dayKey(m.at);

	return {
		newDay,
		fresh,
		grouped: settings.format === "groups" && !newDay && !fresh && Boolean(continues(m, before)),
		key: `${newDay}${fresh}${settings.format}${settings.twelve}${settings.previews}${room.kind}`,
	};
}

const list = (names) =>
	names.length > 6
		? `${names.slice(0, 5).join(", ")} and ${names.length - 5} others`
		: names.length > 1
			? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`
			: names[0];

/** Several who have come and gone, in one line. */
export function summary(events) {
	const come = new Set();
	const gone = new Set();
	const both = new Set();
	const names = new Map(); // present name -> the one before all of this

	for (const m of events) {
		const there = m.kind === "join";

		if (m.kind === "nick") {
			const first = names.get(m.nick) ?? m.nick;

			names.delete(m.nick);
			names.set(m.text.slice(`${m.nick} is now `.length), first);
		} else if (there && gone.delete(m.nick))
			both.add(m.nick);
		else if (!there && come.delete(m.nick))
			both.add(m.nick);
		else
			(there ? come : gone).add(m.nick);
	}
	const back = [...both].filter((n) => !come.has(n) && !gone.has(n));
	const part = (who, one, many) => (who.length ? [`${list(who)} ${who.length > 1 ? many : one}`] : []);
	const renamed = [...names].filter(([now, first]) => now !== first).map(([now, first]) => `${first} is now ${now}`);

	return (
		[
			...part([...come], "has entered the chat", "have entered the chat"),
			...part([...gone], "has left the chat", "have left the chat"),
			...part(back, "came and went", "came and went"),
			...(renamed.length ? [list(renamed)] : []),
		].join("; ") + "."
	);
}

export class Rows {
	/** act: what is done with clicks: user(nick, el), room(name), jump(id), react(m, what), view(m), renew(m); retry, discard, asFile(room, m). */
	constructor(model, act) {
		this.model = model;
		this.act = act;
	}

	make(m, room, s) {
		const li = h("li.row", { tabIndex: -1 });

		li.dataset.key = m.key;
		if (s.newDay)
			li.append(h("div.day", {}, h("span", {}, day(m.at))));
		if (s.fresh)
			li.append(h("div.fresh", { role: "separator" }, h("span", {}, "New")));
		li.append(TALK.has(m.kind) ? this.#said(m, room, s) : this.#event(m));
		return li;
	}

	#time(m, cls = "time") {
		return h(
			"time." + cls,
			{ dateTime: new Date(m.at).toISOString(), title: new Date(m.at).toLocaleString() },
			clock(m.at, settings.twelve),
		);
	}

	#event(m) {
		return h(
			"div.event." + m.kind,
			m.kind === "error" ? { role: "alert" } : {},
			this.#time(m),
			h("span.event-text", {}, ...this.#text(m.text, "")),
		);
	}

	#name(m) {
		return h(
			`button.name.n${nameColour(m.nick)}`,
			{ type: "button", tabIndex: -1, onclick: (e) => this.act.user(m.nick, e.currentTarget) },
			m.nick,
		);
	}

	#said(m, room, s) {
		const classes = [
			"said",
			m.kind,
			m.own && "own",
			m.mention && room.kind === "room" && "mention",
			m.state === "failed" && "bad",
			s.grouped ? "grouped" : "first",
			settings.format === "groups" ? "groups" : "lines",
		].filter(Boolean);
		const body = h("div.body", {});
		const el = h("div." + classes.join("."), {});

		if (settings.format === "groups")
			this.#grouped(el, body, m, s);
		else
			this.#lined(el, body, m, room);
		if (m.reactions?.size)
			body.append(this.#reactions(m));
		if (m.state === "failed")
			body.append(this.#failed(m, room));
		return el;
	}

	#grouped(el, body, m, s) {
		if (s.grouped) {
			el.append(this.#time(m, "gutter"));
			body.append(h("span.hidden", {}, `${m.nick}: `));
		} else {
			el.append(h(`span.avatar.n${nameColour(m.nick)}`, { "aria-hidden": "true" }, initial(m.nick)));
			body.append(h("div.who", {}, this.#name(m), this.#badges(m), this.#time(m)));
		}
		if (m.reply)
			body.append(this.#quote(m));
		body.append(this.#content(m));
		el.append(body);
	}

	#lined(el, body, m, room) {
		const form = FORMATS[settings.format] ?? FORMATS.colon;
		const [before, after] = (room.kind === "direct" && form.direct && !m.own ? form.direct : form.before).split("%n");

		el.append(this.#time(m));
		if (m.reply)
			body.append(this.#quote(m));
		const lead = m.kind === "action" ? [] : [h("span.form", {}, before), this.#name(m), h("span.form", {}, after)];
		const end = m.kind !== "action" && room.kind === "direct" && form.after && !m.own ? h("span.form", {}, form.after) : null;

		body.append(h("div.line", {}, ...lead, this.#content(m), end));
		el.append(body);
	}

	#badges(m) {
		const user = this.model.known(m.nick);

		return [
			user?.bot && h("span.badge", {}, "bot"),
			m.only && h("span.badge", { title: "Only some of the room see this" }, "to " + m.only),
			m.kind === "notice" && h("span.badge", {}, "notice"),
		].filter(Boolean);
	}

	#content(m) {
		const content = h("div.text", { dir: "auto" });

		if (m.deleted) {
			content.append(
				h(
					"i.soft",
					{},
					m.by && m.by !== m.nick ? `${m.by} has taken this message back.` : "This message has been taken back.",
					m.why ? ` (${m.why})` : "",
				),
			);
			return content;
		}
		if (m.file) {
			content.append(this.#file(m));
		} else {
			if (m.kind === "action")
				content.append(h("span.star", { "aria-hidden": "true" }, "✱ "), this.#name(m), " ");
			content.append(...this.#text(m.text));
		}
		if (m.edited)
			content.append(h("span.soft.tiny", {}, " (edited)"));
		if (m.own && STATES[m.state])
			content.append(
				h(
					"span.state." + m.state,
					{ title: STATES[m.state][1] },
					icon(STATES[m.state][0]),
					h("span.hidden", {}, STATES[m.state][1]),
				),
			);
		return content;
	}

	/** text with its formatting, links, names and rooms, as nodes; me: the name that is marked. */
	#text(text, me = this.model.me.nick) {
		const out = [];

		for (const run of runs(text)) {
			const nodes = links(run.text).flatMap((part) =>
				part.href
					? [h("a", { href: part.href, target: "_blank", rel: "noopener noreferrer nofollow" }, part.text)]
					: this.#words(part.text, me),
			);
			const classes = ["bold", "italic", "underline", "strike", "mono", "reverse"].filter((c) => run[c]);

			if (run.fg < 16)
				classes.push("fg" + run.fg);
			if (run.bg < 16)
				classes.push("bg" + run.bg);
			if (classes.length)
				out.push(h("span." + classes.join("."), {}, ...nodes));
			else
				out.push(...nodes);
		}
		return out;
	}

	#words(text, me) {
		const isName = (w) => w.length > 1 && Boolean(this.model.known(w));

		return words(text, isName).map((w) => {
			if (w.room)
				return h("button.link", { type: "button", onclick: () => this.act.room(w.room) }, w.text);
			if (!w.name)
				return w.text;
			return me && mentions(w.name, me) ? h("mark", {}, w.text) : h(`span.nick.n${nameColour(w.name)}`, {}, w.text);
		});
	}

	#quote(m) {
		const to = this.model.active?.byId.get(m.reply);
		const words = to
			? to.deleted
				? "a message that has been taken back"
				: to.file
					? to.file.name
					: plain(to.text).slice(0, 140)
			: "an earlier message";

		return h(
			"button.quote",
			{ type: "button", onclick: () => this.act.jump(m.reply), title: "Show it" },
			icon("reply"),
			to && h(`span.nick.n${nameColour(to.nick)}`, {}, to.nick),
			h("span.quoted", {}, words),
		);
	}

	#reactions(m) {
		const me = this.model.me.nick;
		const list = [...m.reactions].map(([what, who]) =>
			h(
				"button.reaction",
				{
					type: "button",
					title: [...who].slice(0, 30).join(", "),
					"aria-pressed": String(who.has(me)),
					"aria-label": `${what}, ${who.size}: ${[...who].slice(0, 30).join(", ")}`,
					onclick: () => this.act.react(m, what),
				},
				h("span", {}, what),
				h("b", {}, String(who.size)),
			),
		);

		return h("div.reactions", {}, ...list);
	}

	#failed(m, room) {
		return h(
			"div.failed",
			{},
			h("span", { role: "alert" }, m.why || "This was not sent."),
			m.long
				? h("button.link", { type: "button", onclick: () => this.act.asFile(room, m) }, "Share it as a file")
				: h("button.link", { type: "button", onclick: () => this.act.retry(room, m) }, "Try again"),
			h("button.link", { type: "button", onclick: () => this.act.discard(room, m) }, "Discard"),
		);
	}

	#file(m) {
		const f = m.file;

		if (f.gone)
			return h("span.file.gone", {}, icon("file"), h("span", {}, f.name), h("span.soft", {}, "(file expired)"));
		if (f.image && settings.previews) {
			const img = h("img", {
				src: f.thumb || f.url,
				alt: f.name,
				loading: "lazy",
				decoding: "async",
				onerror: (e) => this.#broken(m, f, e.target),
			});

			if (f.w && f.h) {
				const scale = Math.min(1, 360 / f.w, 280 / f.h);

				img.width = Math.round(f.w * scale);
				img.height = Math.round(f.h * scale);
			}
			return h(
				"button.picture",
				{
					type: "button",
					title: f.name,
					"aria-label": `Picture ${f.name}: show it large`,
					onclick: () => this.act.view(m),
				},
				img,
			);
		}
		return h(
			"a.file",
			{ href: f.url, target: "_blank", rel: "noopener noreferrer nofollow", onclick: (e) => this.#follow(e, m) },
			icon("file"),
			h("span", {}, f.name),
			h("span.soft", {}, f.size ? size(f.size) : f.label),
		);
	}

	/** A picture that does not come: its link may be too old. If that is not it, its name stands in its place. */
	async #broken(m, f, img) {
		if ((f.url === m.renewed || !(await this.act.renew(m))) && img.parentNode) {
			img.parentNode.classList.add("file");
			img.replaceWith(icon("file"), h("span", {}, f.name), h("span.soft", {}, "(not to be had)"));
		}
		m.renewed = m.file?.url;
	}

	async #follow(e, m) {
		if (!expired(m.file, Date.now()))
			return;
		e.preventDefault();
		await this.act.renew(m);
		open(m.file.url, "_blank", "noopener");
	}
}
