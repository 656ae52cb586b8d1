/* cmd_priv.h - what the files of the commands share; the table of them is in cmd.c. */
#ifndef CHAT_CMD_PRIV_H
#define CHAT_CMD_PRIV_H

#include "session_priv.h"

/* a: n arguments, at least and at most as many as the row says, then empty ones, four in all. */
typedef void cmd_fn(struct session *s, struct str *a, unsigned n);

/* cmd_self.c */
cmd_fn c_account, c_ack, c_away, c_color, c_direct, c_echo, c_format, c_ignore, c_invited, c_login,
    c_logout, c_nick, c_password, c_register, c_time;
/* cmd_talk.c */
cmd_fn c_connected, c_delete, c_edit, c_file, c_history, c_image, c_left, c_me, c_more, c_msg,
    c_paste, c_quit, c_save, c_say, c_search, c_unread;
/* cmd_room.c */
cmd_fn c_ban, c_deop, c_devoice, c_info, c_invite, c_join, c_kick, c_leave, c_mute, c_op, c_room,
    c_rooms, c_topic, c_unban, c_unmute, c_users, c_voice, c_who, c_whois;

/* The next word of *rest, which goes on behind it. */
struct str cmd_word(struct str *rest);
/* Is a that word, in whatever case? */
bool cmd_is(struct str a, const char *word);
/* "/name ARGUMENTS: help" */
void cmd_usage(struct session *s, const char *name);

/* Plain text where one talks, or to one person; what went wrong has been said. */
void cmd_say_here(struct session *s, struct str text, bool action);
void cmd_say_to(struct session *s, struct str name, struct str text);
/* That one talks nowhere. */
void cmd_no_room(struct session *s);

#endif
