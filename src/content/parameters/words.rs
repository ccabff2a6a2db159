//! Words for parameters: short, easy to type, none of them an insult.

pub const ADJECTIVES: &[&str] = &[
    "amber", "ample", "azure", "brave", "brisk", "broad", "calm", "civil", "clear", "coral", "cosy", "crisp", "dapper",
    "early", "eager", "even", "fair", "fleet", "fond", "fresh", "frosty", "gentle", "glad", "golden", "grand", "hardy",
    "honest", "ivory", "jolly", "keen", "kind", "lemon", "level", "light", "lively", "lucid", "lucky", "lunar",
    "mellow", "merry", "mild", "minty", "modest", "neat", "nimble", "noble", "olive", "patient", "plain", "proud",
    "quick", "quiet", "rapid", "ready", "rosy", "rustic", "sandy", "silent", "silver", "smart", "snowy", "solar",
    "steady", "sunny", "swift", "tidy", "velvet", "vivid", "warm", "witty",
];

pub const ANIMALS: &[&str] = &[
    "badger", "beaver", "bison", "bobcat", "camel", "condor", "coyote", "crane", "curlew", "dingo", "dolphin", "eagle",
    "egret", "falcon", "ferret", "finch", "fox", "gecko", "gibbon", "hare", "hawk", "heron", "hippo", "ibex", "iguana",
    "jackal", "jaguar", "kestrel", "kiwi", "koala", "lemur", "lion", "llama", "lynx", "magpie", "marmot", "marten",
    "mole", "moose", "narwhal", "newt", "ocelot", "oriole", "otter", "owl", "panda", "parrot", "pelican", "penguin",
    "pigeon", "plover", "puffin", "puma", "quail", "rabbit", "raven", "robin", "salmon", "seal", "sparrow", "stork",
    "swan", "tapir", "tern", "tiger", "toucan", "turtle", "walrus", "wombat", "zebra",
];
