# Puts the ticket, the program, the service's file and the logs into the workspace.
set -eu

value() {
    tr ',{}' '\n\n\n' < "$HALFWAY_LAB/parameters.json" | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\"]*\)\"\{0,1\} *$/\1/p"
}

word=$(value word)
service=$(value service)
replicas=$(value replicas)
failed=$(value failed)
: "${word:?}" "${service:?}" "${replicas:?}" "${failed:?}"

cd "$HALFWAY_WORKSPACE"

cat > TICKET.txt <<TICKET
From: the night shift
To:   you

1. Keep what greet.sh prints in hello.txt.
2. replicas: $replicas, please. service.json asks for none.
3. One of last night's units failed, we do not know which.
4. collect.sh loses parcels.
5. When all is done: archive hello.txt.
TICKET

printf 'echo %s\n' "$word" > greet.sh
printf '{\n  "name": "%s",\n  "replicas": 0\n}\n' "$service" > service.json

mkdir -p logs
unit=10
while [ "$unit" -le 39 ]; do
    code=0
    [ "$unit" -ne "$failed" ] || code=137
    printf '02:%s:00 started\n02:%s:41 working\n03:%s:07 exit code %s\n' "$unit" "$unit" "$unit" "$code" > "logs/unit-$unit.log"
    unit=$((unit + 1))
done
echo "the ticket, a program, a service and 30 logs are on the desk"
