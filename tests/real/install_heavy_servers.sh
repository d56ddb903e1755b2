#!/bin/sh
# Installs the heavy servers that `make test-real` starts, where they are missing. Says what it installs.
# Redmine's Debian package is unpacked and not installed: its set-up fails on bookworm and leaves apt broken
# for everybody (Bundler::GemNotFound); what it needs is installed, and the tests make their own copy.
set -eu
servers="${ITOMM_REAL_SERVERS:-/opt/itomm-real-servers}"
missing=""
need() { # file package
    [ -e "$1" ] || missing="$missing $2"
}
need /usr/bin/victoria-metrics victoria-metrics
need /usr/sbin/icinga2 icinga2
need /usr/share/request-tracker5/libexec/standalone_httpd request-tracker5
need /usr/share/request-tracker5/libexec/standalone_httpd rt5-db-sqlite
need /usr/bin/openssl openssl
[ -z "$missing" ] && [ -d "$servers/redmine" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root="sudo"; fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q >/dev/null
if [ -n "$missing" ]; then
    echo "Installing Debian packages for the tests against real servers:$missing"
    $as_root apt-get install -y -q --no-install-recommends $missing >/dev/null
fi
[ -d "$servers/redmine" ] && exit 0

echo "Unpacking Redmine into $servers, and installing the Ruby packages that it needs"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -q redmine >/dev/null)
# The first of each choice, without versions; the database's set-up packages are what fails.
depends=$(dpkg-deb --field "$work"/redmine_*.deb Depends | sed 's/([^)]*)//g; s/:any//g' | tr ',' '\n' |
    sed 's/|.*//' | grep -v -e dbconfig-common -e redmine- -e debconf)
$as_root apt-get install -y -q --no-install-recommends $depends ruby-sqlite3 puma >/dev/null
dpkg-deb --extract "$work"/redmine_*.deb "$work/redmine"
$as_root mkdir -p "$servers"
$as_root cp -r "$work/redmine" "$servers/redmine"
