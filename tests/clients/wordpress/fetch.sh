#!/usr/bin/env bash
# Debian's WordPress packages with the Akismet plugin in them, unpacked into FOLDER/SUITE: no root, nothing installed.
# Akismet 5.0.2 is in bookworm, 5.5 (the first to take webhooks) in trixie.
set -euo pipefail
folder=$(realpath -m "$1")
shift
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for suite in "$@"; do
  apt=$folder/apt/$suite
  rm -rf "$apt" "${folder:?}/$suite"
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$folder/$suite"
  echo "deb [signed-by=$keyring] $mirror $suite main" > "$apt/sources.list"
  # An APT of our own: the machine's sources stay as they are.
  options=(
    -qq -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root
  )
  apt-get "${options[@]}" update
  (cd "$apt" && apt-get "${options[@]}" download wordpress)
  dpkg-deb --extract "$apt"/wordpress_*.deb "$folder/$suite"
  rm -rf "$apt"
done
