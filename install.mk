# Installing, and the Debian package: part of the Makefile.
#
#   make install [PREFIX=/usr/local] [DESTDIR=] [sysconfdir=/etc] …    make uninstall, likewise
#
# Settings and recordings are never overwritten, and stay when Tapedeck goes.

DESTDIR    ?=
bindir     ?= $(PREFIX)/bin
libexecdir ?= $(PREFIX)/lib/tapedeck
datadir    ?= $(PREFIX)/share/tapedeck
docdir     ?= $(PREFIX)/share/doc/tapedeck
unitdir    ?= $(PREFIX)/lib/systemd/system
sysconfdir ?= /etc
mandir     ?= $(PREFIX)/share/man
bashdir    ?= $(PREFIX)/share/bash-completion/completions
statedir   ?= /var/lib/tapedeck

INSTALL    ?= install
UNITS_DIR   = jobs/systemd
UNIT_FILES := $(notdir $(wildcard $(UNITS_DIR)/*.service $(UNITS_DIR)/*.timer $(UNITS_DIR)/*.path \
                                  $(UNITS_DIR)/*.socket))
WEB_FILES  := $(shell cd web && find . -type f | sed 's,^\./,,')
FRONTS      = lighttpd.conf fcgi/front/lighttpd.service.conf fcgi/front/apache.conf fcgi/front/nginx.conf \
              $(wildcard fcgi/front/*.lua)
DROP_IN     = tapedeck-.service.d/closed.conf

# The files say the places of PREFIX=/usr/local; those of this installation are put in.
PLACES = sed -e 's,/usr/local/bin,$(bindir),g' -e 's,/usr/local/lib/tapedeck,$(libexecdir),g' \
             -e 's,/usr/local/share/tapedeck,$(datadir),g' \
             -e 's,/usr/local/share/doc/tapedeck,$(docdir),g' \
             -e 's,/etc/tapedeck,$(sysconfdir)/tapedeck,g' \
             -e 's,/var/lib/tapedeck,$(statedir),g'
placed = $(PLACES) $(1) >$(DESTDIR)$(2) && chmod 644 $(DESTDIR)$(2)

.PHONY: install uninstall bundle deb deb-on test-on test-hosts test-deb
install: $(addprefix $(BUILD)/,$(PROGRAMS)) player
	@$(INSTALL) -d $(addprefix $(DESTDIR),$(bindir) $(libexecdir) $(datadir) $(docdir) \
	    $(mandir)/man1 $(bashdir) $(unitdir)/$(dir $(DROP_IN)) $(sysconfdir)/tapedeck)
	@$(INSTALL) -m 755 $(addprefix $(BUILD)/,$(PROGRAMS)) $(DESTDIR)$(bindir)
	@$(INSTALL) -m 755 spawn-fcgi.sh $(DESTDIR)$(libexecdir)
	@$(foreach file,$(WEB_FILES),$(INSTALL) -D -m 644 web/$(file) $(DESTDIR)$(datadir)/web/$(file) && ) true
	@$(INSTALL) -m 644 $(PLAYER) $(PLAYER).sri $(DESTDIR)$(datadir)/web
	@$(INSTALL) -d $(DESTDIR)$(datadir)/npm
	@$(INSTALL) -m 644 $(addprefix $(BUILD)/player/npm/,package.json recording-player.js $(NPM_FILES)) \
	    $(DESTDIR)$(datadir)/npm
	@$(foreach file,$(FRONTS),$(call placed,$(file),$(datadir)/$(notdir $(file))) && ) true
	@$(foreach file,$(UNIT_FILES) $(DROP_IN),$(call placed,$(UNITS_DIR)/$(file),$(unitdir)/$(file)) && ) true
	@$(INSTALL) -m 644 *.md LICENSE docs/*.md $(DESTDIR)$(docdir)
	@$(call placed,docs/tapedeck.1,$(mandir)/man1/tapedeck.1)
	@$(INSTALL) -m 644 contrib/completion/tapedeck $(DESTDIR)$(bashdir)
	@$(call placed,tapedeck.env.example,$(datadir)/tapedeck.env.example)
	@test -e $(DESTDIR)$(sysconfdir)/tapedeck/tapedeck.env || \
	    $(INSTALL) -m 600 $(DESTDIR)$(datadir)/tapedeck.env.example \
	        $(DESTDIR)$(sysconfdir)/tapedeck/tapedeck.env

uninstall:
	@rm -f $(addprefix $(DESTDIR)$(bindir)/,$(PROGRAMS))
	@rm -f $(DESTDIR)$(mandir)/man1/tapedeck.1 $(DESTDIR)$(bashdir)/tapedeck
	@rm -f $(addprefix $(DESTDIR)$(unitdir)/,$(UNIT_FILES) $(DROP_IN))
	@rmdir $(DESTDIR)$(unitdir)/$(dir $(DROP_IN)) 2>/dev/null || true
	@rm -rf $(DESTDIR)$(libexecdir) $(DESTDIR)$(datadir) $(DESTDIR)$(docdir)

# For shared hosting: the programs and all libraries that they need, in one tarball.
bundle:
	@sh tests/stack/setup.sh build
	@$(call build,all)
	@sh hosting/bundle.sh $(BUILD) tapedeck-$(VERSION)-$(shell uname -m)

# The package is made from a copy, so that nothing of it is left in the tree: build/deb/*.deb
deb:
	@sh tests/stack/setup.sh build deb
	@rm -rf build/deb && mkdir -p build/deb/tapedeck
	@tar -cf - --exclude=./build --exclude=./run --exclude=./.git . | tar -xf - -C build/deb/tapedeck
	@echo '$(VERSION)' >build/deb/tapedeck/VERSION
	@sed -i "1s/(.*) .*;/($(VERSION)) `. /etc/os-release; echo $$VERSION_CODENAME`;/" \
	    build/deb/tapedeck/debian/changelog
	@cd build/deb/tapedeck && dpkg-buildpackage $(ARCHITECTURE:%=-a%) -us -uc -b >../build.log 2>&1 || \
	    { tail -n 20 ../build.log; exit 1; }
	@rm -rf build/deb/tapedeck
	@lintian --fail-on error build/deb/*.changes
	@ls build/deb/*.deb

# The same in a root of another Debian or Ubuntu: make deb-on SUITE=trixie [ARCHITECTURE=arm64]
SUITE        ?= trixie
ARCHITECTURE ?=
deb-on:
	@sh tests/stack/setup.sh hosts
	@sh tests/hosts/deb_on.sh $(SUITE) '$(VERSION)' $(ARCHITECTURE)

# What `make quick` runs, in such a root, with what that release has: make test-on SUITE=noble
test-on:
	@sh tests/stack/setup.sh hosts
	@root=$$(sh tests/hosts/root.sh $(SUITE) test) && \
	    sh tests/hosts/in_root.sh "$$root" "git init -q && make quick QUICK_TESTS='$(QUICK_TESTS)'"

# docs/install-shared-hosting.md and docs/install.md, followed on hosts of other kinds: `make test` leaves
# out those whose roots take longest to make, and the second page where nobody has made the package.
test-hosts: deb
	@sh tests/stack/setup.sh run test hosts
	@$(call build,all)
	@HOSTS=all $(PYTHON) -m pytest -q -p no:cacheprovider tests/hosts

test-deb: deb
	@$(call build,all)
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/deb
