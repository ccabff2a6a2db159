sh greet.sh > hello.txt
mkdir -p archive
cp hello.txt archive/hello.txt
replicas=$(sed -n 's/^2. replicas: \([0-9]*\).*/\1/p' TICKET.txt)
sed -i "s/\"replicas\": [0-9]*/\"replicas\": $replicas/" service.json
grep -L 'exit code 0' logs/* | sed 's|logs/||; s|\.log||' > culprit.txt
