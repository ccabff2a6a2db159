sed -i 's/random.Random(seed).shuffle/random.shuffle/' train.py
