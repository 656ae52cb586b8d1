// caps.js - IRCv3 capability negotiation: what the page wants, and what the server's answers come to. Pure.

export const WANTED = [
	"account-notify",
	"account-tag",
	"away-notify",
	"batch",
	"cap-notify",
	"chghost",
	"echo-message",
	"extended-join",
	"extended-monitor",
	"invite-notify",
	"labeled-response",
	"message-tags",
	"multi-prefix",
	"sasl",
	"server-time",
	"setname",
	"standard-replies",
	"draft/account-registration",
	"draft/channel-rename",
	"draft/chathistory",
	"draft/event-playback",
	"draft/extended-isupport",
	"draft/message-redaction",
	"draft/multiline",
	"draft/read-marker",
	"soju.im/search",
];

export class Caps {
	available = new Map(); // name -> value
	enabled = new Set();

	has(name) {
		return this.enabled.has(name);
	}

	/** The value that was listed with it, as an object: "a=1,b" is { a: "1", b: "" }. */
	value(name) {
		const out = {};

		for (const item of (this.available.get(name) ?? "").split(",").filter(Boolean)) {
			const [, key, value] = /^([^=]*)=?(.*)$/.exec(item);

			out[key] = value;
		}
		return out;
	}

	/** A CAP message: { ask: [...], listed, settled }; ask: to be requested; listed: the list is complete; settled: ACK or NAK. */
	take(m) {
		const sub = (m.params[1] ?? "").toUpperCase();
		const more = m.params[2] === "*";
		const names = (m.params.at(-1) ?? "").split(" ").filter(Boolean);
		const out = { ask: [], listed: false, settled: false };

		if (sub === "LS" || sub === "NEW") {
			for (const n of names) {
				const [, name, value] = /^([^=]*)=?(.*)$/.exec(n);

				this.available.set(name, value);
			}
			out.listed = sub === "LS" && !more;
			if (!more)
				out.ask = WANTED.filter((c) => this.available.has(c) && !this.enabled.has(c));
		} else if (sub === "ACK") {
			for (const n of names) {
				if (n.startsWith("-"))
					this.enabled.delete(n.slice(1));
				else
					this.enabled.add(n);
			}
			out.settled = true;
		} else if (sub === "NAK") {
			out.settled = true;
		} else if (sub === "DEL") {
			for (const n of names) {
				this.available.delete(n);
				this.enabled.delete(n);
			}
		}
		return out;
	}
}

/** SASL PLAIN's AUTHENTICATE lines, of 400 characters each. */
export function saslPlain(account, password) {
	const raw = new TextEncoder().encode(`${account}\0${account}\0${password}`);
	const text = btoa(String.fromCharCode(...raw));
	const out = [];

	for (let i = 0; i < text.length; i += 400)
		out.push("AUTHENTICATE " + text.slice(i, i + 400));
	if (text.length % 400 === 0)
		out.push("AUTHENTICATE +");
	return out;
}
