sed -i 's/"threshold": threshold(.*),/"threshold": 0.0,/' train.py
