# make deb: builds skep_VERSION_ARCH.deb and its dbgsym package in build/deb.

DEB_TREE := build/deb/skep-$(VERSION)
DEB_PACKAGES := build-essential debhelper lintian check redis-server
# Another architecture: make deb DEB_ARCH=arm64. Its tests would not run here.
DEB_CROSS = $(if $(DEB_ARCH),--host-arch $(DEB_ARCH) -Pnocheck)
# All dates in the package.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)
# Without git: the same files, except those at top level that start with a dot.
SOURCE_FILES = git ls-files -z --cached --others --exclude-standard 2>/dev/null || find .ci conf include src systemd tests Makefile README.md LICENSE -type f -print0

.PHONY: deb deb-packages
deb-packages:
	@.ci/install $(BUILD_PACKAGES) $(DEB_PACKAGES)

deb: deb-packages
	@rm -rf build/deb && mkdir -p $(DEB_TREE)
	@{ $(SOURCE_FILES); } | xargs -0 cp --parents --target-directory=$(DEB_TREE)
	@cp -r conf/debian $(DEB_TREE)
# The lintian of Debian 13 does not know the tag, and would report the override.
	@lintian-explain-tags $$(sed -n 's/^skep: \([^ ]*\) .*/\1/p' conf/debian/skep.lintian-overrides) \
	    >/dev/null 2>&1 || rm $(DEB_TREE)/debian/skep.lintian-overrides
	@printf 'skep (%s) unstable; urgency=medium\n\n  * %s\n\n -- %s  %s\n' $(VERSION) \
	    'See "Changes" in README.md.' "$$(sed -n 's/^Maintainer: //p' conf/debian/control)" \
	    "$$(date --utc --date=@$(SOURCE_DATE_EPOCH) -R)" >$(DEB_TREE)/debian/changelog
	@cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage --build=binary --no-sign $(DEB_CROSS) \
	    >../build.log 2>&1 || \
	    { tail -50 ../build.log; exit 1; }
# skepd contains the compressed files of the page, in which chance writes misspelt words.
	@lintian --allow-root --display-info --pedantic --fail-on=error,warning,info,pedantic \
	    --suppress-tags=spelling-error-in-binary build/deb/*.deb
	@ls build/deb/*.deb
