# chatd-worker: clients. What is pure is a library, so that its tests link no role.
noinst_LIBRARIES += %D%/libworker.a
%C%_libworker_a_SOURCES = \
	%D%/arena.c %D%/arena.h \
	%D%/at.c %D%/at.h \
	%D%/render.c %D%/render.h

roles_PROGRAMS += %D%/chatd-worker
%C%_chatd_worker_SOURCES = \
	%D%/cmd.c %D%/cmd.h \
	%D%/cmd_room.c %D%/cmd_set.c %D%/cmd_talk.c \
	%D%/conn.c %D%/conn.h \
	%D%/drain.c \
	%D%/due.c %D%/due.h \
	%D%/event.c %D%/event.h \
	%D%/fanout.c %D%/fanout.h \
	%D%/input.c %D%/input.h \
	%D%/main.c \
	%D%/outq.c %D%/outq.h \
	%D%/query.c %D%/query.h \
	%D%/request.c %D%/request.h \
	%D%/room.c %D%/room.h \
	%D%/session.c %D%/session.h \
	%D%/worker.h
%C%_chatd_worker_LDADD = %D%/libworker.a src/proto/libproto.a src/registry/libregistry.a \
	src/ipc/libipc.a src/lib/liblib.a $(UTF8PROC_LIBS)
