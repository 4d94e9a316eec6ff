#!/usr/bin/env bash
# What an expert would type to upgrade the demo's card without sithsup:
#
#   typed.sh FOLDER KEY-TYPE [checked]
#
# FOLDER is empty but for the certificates of the authorities (root.pem, hsa-id.pem, personal-number.pem, cmp.pem),
# KEY-TYPE is as pkcs11-tool names it, the codes come on standard input, one a line, and the environment is that of
# `sithsup demo start`, with AUTHORITY for the address of the authority, and ONE_PER_ID where the module takes one
# certificate for each id: the second is written under another id and gets its own afterwards, in the same log-in.
#
# One log-in for each act that needs one, no pause, and a connection for each message: openssl stumbles over its own
# small packets when it keeps one. It confirms a certificate as soon as it has it, so before it is on the card: that is
# what these tools can do. With `checked`, what sithsup makes sure of before it removes anything is made sure of too:
# what was on the card, the path and the status of each new certificate and of its issuer, the certificates as they are
# read back, and a signature by each new key.
set -euo pipefail
cd "$1"
key_type=$2
is_checked=${3:-}
read -r auth_code
read -r sign_code

auth_token="TEST SITHS kort (legitimering)"
sign_token="TEST SITHS kort (underskrift)"
old_label="Testa Åkesson-Öberg, Inera AB"
subjects="hsa-id personal-number"
export PKCS11_MODULE_PATH=$SITHSUP_MODULE

tool() { pkcs11-tool --module "$SITHSUP_MODULE" "$@" >/dev/null; }

# on TOKEN CODE ...: what follows is done on an open token.
on() { tool --token-label "$1" --login --pin "$2" "${@:3}"; }

key() { printf 'pkcs11:token=%s;id=%s;type=private;pin-value=%s' "${1// /%20}" "$3" "$2"; }

# order PROFILE TOKEN CODE ID: orders and confirms a certificate for a new key, signed with the old one.
order() {
    openssl cmp -config "" -cmd cr -keep_alive 0 -server "$AUTHORITY" -path ".well-known/cmp/p/$1" \
        -recipient "/CN=TEST" -engine pkcs11 -keyform engine -cert old.pem -key "$old_key" \
        -newkey "$(key "$2" "$3" "%$4")" -subject "/CN=TEST" -trusted root.pem -untrusted others.pem \
        -certform DER -certout "$1.der" -batch -verbosity 3
}

# write SUBJECT ROLE TOKEN CODE ID: a new certificate is put on the card, under the id of its key.
write() {
    local passing=(--id "$5")
    [[ -z ${ONE_PER_ID:-} || $1 = "${subjects%% *}" ]] || passing=(--id "${5}01" --set-id "$5")
    on "$3" "$4" --write-object "$1-$2.der" --type cert --label "$1" "${passing[@]}"
}

# good ISSUER CERTIFICATE...: asks for the status.
good() {
    openssl ocsp -issuer "$1" "${@:2}" -url "$AUTHORITY/ocsp" -CAfile root.pem -verify_other others.pem 2>/dev/null |
        grep -c ': good$' | grep -qx "$((($# - 1) / 2))"
}

# read_back TOKEN ROLE: the new certificates are on the card as they were issued.
read_back() {
    local subject
    for subject in $subjects; do
        tool --token-label "$1" --read-object --type cert --label "$subject" --output-file back.der
        cmp back.der "$subject-$2.der"
        openssl x509 -inform DER -in back.der -out "$subject-$2.pem"
    done
}

# prove TOKEN CODE ID ROLE: the new key signs for both of its certificates.
prove() {
    local subject mechanism=RSA-PKCS
    [[ $key_type != EC:* ]] || mechanism=ECDSA
    on "$1" "$2" --sign --mechanism "$mechanism" --signature-format openssl --id "$3" \
        --input-file digest --output-file signature
    for subject in $subjects; do
        openssl pkeyutl -verify -certin -inkey "$subject-$4.pem" -sigfile signature -in digest >/dev/null
    done
}

if [[ $is_checked ]]; then
    on "$auth_token" "$auth_code" --list-objects
    on "$sign_token" "$sign_code" --list-objects
fi

old_key=$(key "$auth_token" "$auth_code" IdentificationC)
cat hsa-id.pem personal-number.pem cmp.pem >others.pem
tool --token-label "$auth_token" --read-object --type cert --label "$old_label" --output-file old.der
openssl x509 -inform DER -in old.der -out old.pem

on "$auth_token" "$auth_code" --keypairgen --key-type "$key_type" --id a3 --label "Legitimering" --usage-sign
on "$sign_token" "$sign_code" --keypairgen --key-type "$key_type" --id b3 --label "Underskrift" --usage-sign

for subject in $subjects; do
    order "$subject-authentication" "$auth_token" "$auth_code" a3
    order "$subject-signature" "$sign_token" "$sign_code" b3
done
for subject in $subjects; do
    write "$subject" authentication "$auth_token" "$auth_code" a3
    write "$subject" signature "$sign_token" "$sign_code" b3
done

if [[ $is_checked ]]; then
    read_back "$auth_token" authentication
    read_back "$sign_token" signature
    openssl dgst -sha256 -binary -out digest old.der
    prove "$auth_token" "$auth_code" a3 authentication
    prove "$sign_token" "$sign_code" b3 signature
    openssl verify -CAfile root.pem -untrusted others.pem {hsa-id,personal-number}-*.pem >/dev/null
    good root.pem -cert hsa-id.pem -cert personal-number.pem
    for subject in $subjects; do
        good "$subject.pem" -cert "$subject-authentication.pem" -cert "$subject-signature.pem"
    done
fi

on "$auth_token" "$auth_code" --delete-object --type cert --label "$old_label"
on "$sign_token" "$sign_code" --delete-object --type cert --label "$old_label"

if [[ $is_checked ]]; then
    on "$auth_token" "$auth_code" --list-objects
    on "$sign_token" "$sign_code" --list-objects
fi
