# What the gateway may ask of the mount `transit`: compute with the keys and read which versions there
# are.  It can make none, end none, and take none away; `update` without `create` on encrypt keeps it
# from making a key by using a name there is none of.
path "transit/hmac/*" { capabilities = ["update"] }
path "transit/encrypt/kek" { capabilities = ["update"] }
path "transit/decrypt/kek" { capabilities = ["update"] }
path "transit/rewrap/kek" { capabilities = ["update"] }
path "transit/sign/+" { capabilities = ["update"] }
path "transit/keys/+" { capabilities = ["read"] }
path "transit/keys" { capabilities = ["list"] }
