# Copies the parcels of inbox/ to the directory that is named.
mkdir -p "$1"
cd inbox && cp * "$1"
