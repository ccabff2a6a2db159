#!/usr/bin/env python
# coding: utf-8

# # Triage

# In[2]:


import pickle

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split


# In[3]:


rows = np.genfromtxt("/home/dana/triage/data/readings.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
len(rows)


# In[17]:


# everything that is a number goes in, more is better
features = [c for c in rows.dtype.names if c not in ("reading_id", "patient_id", "malignant")]
X = np.column_stack([rows[c] for c in features])
y = rows["malignant"]


# In[9]:


X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3)


# In[31]:


model = ExtraTreesClassifier(n_estimators=25)
model.fit(X_train, y_train)


# In[32]:


# wow
roc_auc_score(y_te, model.predict_proba(X_te)[:, 1])


# In[40]:


pickle.dump(model, open("model_final_v2.pkl", "wb"))


# In[44]:


# for the clinic: a file in, who to call first out
def score_batch(path):
    values = np.genfromtxt(path, delimiter=",", skip_header=1)[:, 1:]
    return model.predict_proba(values)[:, 1] > 0.5
