# an archive of its own, so that tests can decide requests without a process around them
noinst_LIBRARIES += %D%/libbroker.a
%C%_libbroker_a_SOURCES = \
	%D%/about.c \
	%D%/access.c \
	%D%/account.c %D%/account.h \
	%D%/admin.c \
	%D%/auth.c %D%/auth.h \
	%D%/broker.h \
	%D%/cloak.c %D%/cloak.h \
	%D%/derive.c \
	%D%/exchange.c %D%/exchange.h \
	%D%/file.c %D%/file.h \
	%D%/guess.c %D%/guess.h \
	%D%/job.c %D%/job.h \
	%D%/keep.c %D%/keep.h \
	%D%/lists.c \
	%D%/login.c \
	%D%/look.c %D%/look.h \
	%D%/mask.c %D%/mask.h \
	%D%/members.c \
	%D%/meta.c \
	%D%/modes.c \
	%D%/oper.c \
	%D%/pace.c %D%/pace.h \
	%D%/promise.c %D%/promise.h \
	%D%/pump.c \
	%D%/query.c \
	%D%/reap.c \
	%D%/redact.c \
	%D%/register.c \
	%D%/rehash.c \
	%D%/reserve.c \
	%D%/restore.c \
	%D%/rooms.c \
	%D%/rules.c \
	%D%/sessions.c \
	%D%/store.c %D%/store.h \
	%D%/storeop.c \
	%D%/subs.c %D%/subs.h \
	%D%/talk.c %D%/talk.h \
	%D%/token.c \
	%D%/topic.c \
	%D%/txn.c \
	%D%/upload.c %D%/upload.h \
	%D%/users.c \
	%D%/who.c
%C%_libbroker_a_CFLAGS = $(AM_CFLAGS) $(ICU_CFLAGS)
roles_PROGRAMS += %D%/chatd-broker
%C%_chatd_broker_SOURCES = %D%/main.c
broker_libs = src/broker/libbroker.a src/registry/libregistry_write.a src/registry/libregistry.a \
	src/proto/libproto.a src/ipc/libipc.a src/lib/liblib.a $(UTF8PROC_LIBS) $(ICU_LIBS)
%C%_chatd_broker_LDADD = $(broker_libs)
