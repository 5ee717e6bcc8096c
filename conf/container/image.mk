# make image: builds the container image localhost/skep:VERSION from the Debian package.

IMAGE := localhost/skep:$(VERSION)
IMAGE_PACKAGES := buildah mmdebstrap

.PHONY: image
image: deb
	@.ci/install $(IMAGE_PACKAGES)
	@rm -rf build/image && mkdir -p build/image
	@conf/container/make-rootfs build/deb/skep_$(VERSION)_*.deb build/image/rootfs.tar
# Docker's format has health checks; OCI's has none.
	@buildah build --quiet --format docker --isolation chroot --tag $(IMAGE) \
	    --file conf/container/Containerfile build/image >/dev/null
	@rm -r build/image
	@buildah images $(IMAGE)
