# gitops-upgrader as a container image, for the controllers and for pipelines. Dependencies come with their hashes from
# requirements.txt, ready built: there is no compiler in any stage.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/gitops-upgrader \
 && /opt/gitops-upgrader/bin/pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY examples ./examples
COPY gitops_upgrader ./gitops_upgrader
RUN /opt/gitops-upgrader/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps . \
 && /opt/gitops-upgrader/bin/pip uninstall --yes --disable-pip-version-check pip

FROM python:3.13-slim-trixie
# The versions of Debian's packages are those of the base image's release, so that its security updates come in.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 65532 --user-group --create-home --shell /usr/sbin/nologin upgrader
COPY --from=build /opt/gitops-upgrader /opt/gitops-upgrader
ENV PATH=/opt/gitops-upgrader/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
LABEL org.opencontainers.image.title="gitops-upgrader" \
      org.opencontainers.image.description="Keeps fleets of Cluster API clusters up to date, one reviewed pull request at a time." \
      org.opencontainers.image.licenses="Apache-2.0"
# By number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
WORKDIR /home/upgrader
ENTRYPOINT ["gitops-upgrader"]
CMD ["--help"]
