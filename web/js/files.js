// files.js - sharing a file: the server gives an address for one upload (UPLOAD target), the browser posts the file there, with a
// small picture of it if it is one. The message that tells the others is the server's.

import { here } from "./filetag.js";
import { isError } from "./irc.js";

const THUMBS = [480, 360, 240]; // pixels, the longer side: the first that is small enough is taken
const THUMB_BYTES = 60000;
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

/** A small picture of a picture, as a Blob; null: it is none that this browser can show, or is small itself. */
export async function thumbnail(file) {
	if (!PICTURES.test(file.type) || file.size < THUMB_BYTES || !globalThis.createImageBitmap)
		return null;
	let bitmap = null;

	try {
		bitmap = await createImageBitmap(file);
		for (const side of THUMBS) {
			const blob = await shrink(bitmap, side);

			if (blob && blob.size <= THUMB_BYTES)
				return blob;
		}
	} catch {
		/* no picture, whatever it says */
	} finally {
		bitmap?.close();
	}
	return null;
}

function shrink(bitmap, side) {
	const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
	const canvas = document.createElement("canvas");

	canvas.width = Math.max(1, Math.round(bitmap.width * scale));
	canvas.height = Math.max(1, Math.round(bitmap.height * scale));
	canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
	// a browser that cannot make WebP makes PNG, which is larger than a JPEG
	return new Promise((done) =>
		canvas.toBlob(
			(blob) => (blob?.type === "image/webp" ? done(blob) : canvas.toBlob(done, "image/jpeg", 0.8)),
			"image/webp",
			0.8,
		),
	);
}

/** Where a file for target may be posted, once; or { error }. */
async function address(session, target) {
	const answer = await session.fetch("UPLOAD", [target]);
	const m = answer?.find((a) => a.command === "UPLOAD");
	const no = answer?.find(isError);

	if (m)
		return { url: m.params.at(-1) };
	if (no?.command === "421")
		return { error: "This server does not take files." };
	if (no?.command === "401")
		return { error: "Recipient does not exist" };
	return { error: no?.params.at(-1) ?? "The server did not answer." };
}

const STOPPED = "Given up.";

const WHY = {
	403: "This is not allowed.",
	404: "That link is no longer good.",
	413: "The file is too large.",
	415: "Files of this type are not taken.",
	429: "Too many files just now: try again later.",
	507: "There is no space left for files.",
};

/**
 * Posts file to target. progress(part), part from 0 to 1; signal: an AbortSignal. Resolves with "", or why it failed.
 */
export async function upload(session, target, file, { progress = () => {}, signal = null } = {}) {
	if (!(await readable(file)))
		return file.size ? "It cannot be read: is it a folder?" : "There is nothing in it.";
	const thumb = await thumbnail(file);
	const { url, error } = await address(session, target);

	if (error || signal?.aborted)
		return error ?? STOPPED;
	const body = new FormData();

	// what is small stands before what is long
	if (thumb)
		body.append("thumb", thumb, thumb.type === "image/webp" ? "thumb.webp" : "thumb.jpg");
	body.append("file", file, file.name || "picture.png");
	return post(url, body, progress, signal);
}

function post(url, body, progress, signal) {
	return new Promise((done) => {
		const x = new XMLHttpRequest();

		x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
		x.onload = () =>
			done(
				x.status >= 200 && x.status < 300
					? ""
					: (WHY[x.status] ?? (x.responseText.slice(0, 200).trim() || `The server refused it (${x.status}).`)),
			);
		x.onerror = () => done("The connection was lost.");
		x.onabort = () => done(STOPPED);
		signal?.addEventListener("abort", () => x.abort());
		try {
			if (new URL(here(url)).origin !== location.origin) {
				done("Files can be shared on the server's own page only.");
				return;
			}
			x.open("POST", here(url));
			x.send(body);
		} catch {
			done("The server gave an address that cannot be used.");
		}
	});
}

/** Is there something in it? A folder looks like a file, but cannot be read. */
const readable = (file) =>
	file
		.slice(0, 1)
		.arrayBuffer()
		.then((b) => b.byteLength > 0)
		.catch(() => false);

/** The files of a drop or a paste. */
export const filesOf = (transfer) => [...(transfer?.files ?? [])];
