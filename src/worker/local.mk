# chatd-worker: clients. What is pure is a library, so that its tests link no role.
noinst_LIBRARIES += %D%/libworker.a
%C%_libworker_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/files.c %D%/files.h \
	%D%/hold.c %D%/hold.h \
	%D%/irc/put.c %D%/irc/put.h \
	%D%/irc/render.c %D%/irc/render.h \
	%D%/irc/said.c %D%/irc/said.h \
	%D%/render.c %D%/render.h

# The rest of the role but its main(), so that a fuzz target can be a worker.
noinst_LIBRARIES += %D%/libworker_role.a
%C%_libworker_role_a_SOURCES = \
	%D%/account.c %D%/account.h \
	%D%/answers.c %D%/answers.h \
	%D%/backlog.c %D%/backlog.h \
	%D%/cmd.c %D%/cmd.h \
	%D%/cmd_account.c %D%/cmd_account.h \
	%D%/cmd_edit.c %D%/cmd_history.c %D%/cmd_room.c %D%/cmd_set.c %D%/cmd_talk.c \
	%D%/conn.c %D%/conn.h \
	%D%/drain.c \
	%D%/due.c %D%/due.h \
	%D%/event.c %D%/event.h \
	%D%/event_priv.h \
	%D%/event_room.c \
	%D%/event_talk.c \
	%D%/event_user.c \
	%D%/fanout.c %D%/fanout.h \
	%D%/form.c %D%/form.h \
	%D%/history.c %D%/history.h \
	%D%/input.c %D%/input.h \
	%D%/outq.c %D%/outq.h \
	%D%/query.c %D%/query.h \
	%D%/reader.c %D%/reader.h \
	%D%/request.c %D%/request.h \
	%D%/room.c %D%/room.h \
	%D%/row.c %D%/row.h \
	%D%/secret.c %D%/secret.h \
	%D%/session.c %D%/session.h \
	%D%/share.c %D%/share.h \
	%D%/sight.c %D%/sight.h \
	%D%/ticket.c %D%/ticket.h \
	%D%/tongue.h \
	%D%/websock.c %D%/websock.h \
	%D%/words.c %D%/words.h \
	%D%/irc/about.c \
	%D%/irc/attach.c \
	%D%/irc/ask.c \
	%D%/irc/batch.c \
	%D%/irc/chanserv.c \
	%D%/irc/cap.c %D%/irc/cap.h \
	%D%/irc/cmd.c %D%/irc/cmd.h \
	%D%/irc/edit.c \
	%D%/irc/help.c \
	%D%/irc/history.c %D%/irc/history.h \
	%D%/irc/info.c %D%/irc/info.h \
	%D%/irc/irc.c %D%/irc/irc.h \
	%D%/irc/isupport.c \
	%D%/irc/join.c \
	%D%/irc/kick.c \
	%D%/irc/list.c \
	%D%/irc/login.c %D%/irc/login.h \
	%D%/irc/markread.c %D%/irc/markread.h \
	%D%/irc/marks.c %D%/irc/marks.h \
	%D%/irc/metadata.c %D%/irc/metadata.h \
	%D%/irc/metaline.c %D%/irc/metaline.h \
	%D%/irc/metashow.c \
	%D%/irc/metasubs.c %D%/irc/metasubs.h \
	%D%/irc/mode.c \
	%D%/irc/monitor.c %D%/irc/monitor.h \
	%D%/irc/names.c %D%/irc/names.h \
	%D%/irc/nickserv.c \
	%D%/irc/numeric.h \
	%D%/irc/oper.c \
	%D%/irc/redact.c \
	%D%/irc/register.c \
	%D%/irc/replay.c \
	%D%/irc/reply.c %D%/irc/reply.h \
	%D%/irc/room.c %D%/irc/room.h \
	%D%/irc/sasl.c %D%/irc/sasl.h \
	%D%/irc/services.c %D%/irc/services.h \
	%D%/irc/search.c \
	%D%/irc/stats.c \
	%D%/irc/talk.c %D%/irc/talk.h \
	%D%/irc/upload.c %D%/irc/upload.h \
	%D%/irc/told.c \
	%D%/irc/umode.c %D%/irc/umode.h \
	%D%/irc/webirc.c \
	%D%/irc/who.c \
	%D%/irc/whois.c \
	%D%/worker.h
roles_PROGRAMS += %D%/chatd-worker
%C%_chatd_worker_SOURCES = %D%/main.c
worker_libs = %D%/libworker_role.a %D%/libworker.a src/proto/libproto.a $(WSLAY_LIBS)
%C%_chatd_worker_LDADD = $(worker_libs) src/registry/libregistry.a src/ipc/libipc.a \
	src/lib/liblib.a $(UTF8PROC_LIBS)
