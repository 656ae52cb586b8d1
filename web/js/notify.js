// notify.js - what reaches somebody who is not looking: the desktop, a sound, the title.

import { plain } from "./format.js";
import { settings } from "./settings.js";

let audio = null;

/** Two soft notes. */
export function sound() {
	// before somebody has touched the page none is allowed, and what is begun then would be heard later, all at once
	if (!settings.sounds || navigator.userActivation?.hasBeenActive === false)
		return;
	try {
		audio ??= new AudioContext();
		audio.resume();
		[660, 880].forEach((hz, i) => {
			const note = audio.createOscillator();
			const gain = audio.createGain();
			const at = audio.currentTime + i * 0.09;

			note.frequency.value = hz;
			gain.gain.setValueAtTime(0, at);
			gain.gain.linearRampToValueAtTime(0.06, at + 0.015);
			gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
			note.connect(gain).connect(audio.destination);
			note.start(at);
			note.stop(at + 0.3);
		});
	} catch {
		/* there is no sound here */
	}
}

/** True: notifications may be shown. Asks, if nobody has been asked. */
export async function allow() {
	if (!("Notification" in globalThis))
		return false;
	return (
		(Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission) === "granted"
	);
}

/** One notification for a message, however many tabs there are. */
export function desktop(room, m, click) {
	if (!settings.notify || !("Notification" in globalThis) || Notification.permission !== "granted")
		return;
	try {
		const n = new Notification(room.kind === "direct" ? m.nick : `${m.nick} in ${room.name}`, {
			body: m.file ? `shared ${m.file.name}` : plain(m.text).slice(0, 200),
			tag: m.msgid || String(m.key),
			icon: new URL("../img/icon.svg", import.meta.url).href,
		});

		n.onclick = () => {
			focus();
			click();
			n.close();
		};
	} catch {
		/* Android wants a service worker for it */
	}
}

export function title(model, name) {
	const { unread, mentions } = model.totals();
	const place = model.active ? (model.active.kind === "server" ? "Server" : model.active.name) : "";

	document.title = `${mentions ? `(${mentions}) ` : unread ? "• " : ""}${place ? place + " – " : ""}${name || "Chat"}`;
}
