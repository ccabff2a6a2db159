sed -i 's/"replicas": [0-9]*/"replicas": 0/' service.json
