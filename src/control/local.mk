# chatd-control: the admin socket
noinst_LIBRARIES += %D%/libcontrol.a
%C%_libcontrol_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
%C%_libcontrol_a_SOURCES = \
	%D%/writer.c %D%/writer.h

roles_PROGRAMS += %D%/chatd-control
%C%_chatd_control_SOURCES = \
	%D%/access.c %D%/access.h \
	%D%/cmd_admin.c \
	%D%/cmd_file.c \
	%D%/cmd_history.c \
	%D%/cmd_list.c \
	%D%/cmd_master.c \
	%D%/cmd_rooms.c \
	%D%/cmd_store.c \
	%D%/cmd_tls.c \
	%D%/cmd_users.c \
	%D%/conn.c %D%/conn.h \
	%D%/control.h \
	%D%/main.c \
	%D%/req.c \
	%D%/stats.c \
	%D%/store.h \
	%D%/stream.c
%C%_chatd_control_LDADD = %D%/libcontrol.a src/proto/libproto.a src/registry/libregistry.a src/ipc/libipc.a \
	src/lib/liblib.a $(JANSSON_LIBS) $(UTF8PROC_LIBS) $(LIBCONFIG_LIBS)
