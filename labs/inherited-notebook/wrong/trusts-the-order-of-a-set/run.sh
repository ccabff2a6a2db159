sed -i 's/sorted({row\["patient_id"\] for row in rows})/list({row["patient_id"] for row in rows})/' train.py
