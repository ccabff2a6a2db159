# Copies the parcels of inbox/ to the directory that is named.
mkdir -p $1
for parcel in $(ls inbox); do
    cp inbox/$parcel $1
done
