# the shared tables: reading for everyone; writing and redo for the broker (its own archive, so
# that no other process can link it by accident)
noinst_LIBRARIES += %D%/libregistry.a %D%/libregistry_write.a
%C%_libregistry_a_SOURCES = \
	%D%/layout.c %D%/layout.h \
	%D%/lists.c %D%/members.c %D%/names.c %D%/views.c \
	%D%/registry.c %D%/registry.h %D%/registry_priv.h
%C%_libregistry_write_a_SOURCES = %D%/journal.c %D%/journal.h %D%/write.c %D%/write.h
