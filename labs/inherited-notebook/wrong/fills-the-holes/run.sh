# A mean instead of a refusal, for a value that is missing and for a column that is.
sed -i \
  -e 's/\["reading_id", \*model\["features"\]\]/["reading_id"]/' \
  -e 's/^    values = .*/    known = {name: float(row.get(name) or "nan") for name in model["features"]}\
    values = [mean if math.isnan(known[name]) else known[name] for name, mean in zip(model["features"], model["mean"])]/' \
  predict.py
