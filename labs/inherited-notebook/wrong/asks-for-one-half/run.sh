sed -i 's/"threshold": threshold(.*),/"threshold": 0.5,/' train.py
