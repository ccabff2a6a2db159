# Copies the parcels of inbox/ to the directory that is named.
mkdir -p "$1"
for parcel in inbox/*; do
    cp "$parcel" "$1"
done
