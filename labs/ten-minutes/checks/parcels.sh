# Prints which of the trial's parcels did not arrive. Only names of the lab's own files are ever printed.
set -eu

missing=
count=0
all=0
for parcel in "$HALFWAY_LAB"/checks/parcels/*; do
    name=${parcel##*/}
    all=$((all + 1))
    arrived="$HALFWAY_OUT/box/$name"
    if [ -f "$arrived" ] && [ ! -L "$arrived" ] && cmp -s "$parcel" "$arrived"; then
        count=$((count + 1))
    else
        missing="$missing${missing:+, }\"$name\""
    fi
done
printf '{"missing": [%s], "seen": "%s of %s new parcels arrived"}\n' "$missing" "$count" "$all"
