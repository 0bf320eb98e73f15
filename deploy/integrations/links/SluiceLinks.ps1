# Signed links to a Sluice server, made elsewhere; see README.md beside this file. Dot-source it: . ./SluiceLinks.ps1
# In every form $Network binds the link to one network, as README.md writes it: '192.168.1.0/24'; '': it opens anywhere.

# $Secret: the bytes of keys/stream.key, or of your own text ([Text.Encoding]::UTF8.GetBytes).
function New-SluiceStreamLink([string]$Server, [string]$Id, [int]$Seconds, [byte[]]$Secret, [string]$Network = '') {
    "$Server/stream/${Id}?" + (New-SluiceQuery 'expires' $Id $Seconds $Secret $Network)
}

# $Key: an upload's, or media/{id}. $Secret: the bytes of keys/get.key, or of your own text.
function New-SluiceGetLink([string]$Server, [string]$Key, [int]$Seconds, [byte[]]$Secret, [string]$Network = '') {
    $encoded = ConvertTo-SluiceBase64Url ([Text.Encoding]::UTF8.GetBytes($Key))
    "$Server/get/${encoded}?" + (New-SluiceQuery 'exp' $Key $Seconds $Secret $Network)
}

# $KeyId and $Secret: of keys/links.json.
function New-SluiceDownloadLink([string]$Server, [string]$Root, [string]$Path, [int]$Seconds, [string]$KeyId, [string]$Secret, [string]$Network = '') {
    $expires = '{0:d10}' -f ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() + $Seconds)
    $marker, $front = if ($Network) { '/net', "n  $Network " } else { '', 'd ' }
    $text = [Text.Encoding]::UTF8.GetBytes("$front$expires/$Root/$Path $Secret")
    $mac = ConvertTo-SluiceBase64Url ([Security.Cryptography.MD5]::Create().ComputeHash($text))
    $encoded = ($Path -split '/' | ForEach-Object { [Uri]::EscapeDataString($_) }) -join '/'
    "$Server/d/$KeyId$marker/$mac/$expires/$Root/$encoded"
}

function New-SluiceQuery([string]$Name, [string]$Signed, [int]$Seconds, [byte[]]$Secret, [string]$Network) {
    $expires = '{0:d10}' -f ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() + $Seconds)
    $text, $bound = if ($Network) { "$Signed|$expires|$Network", "&net=$Network" } else { "$Signed|$expires", '' }
    $hmac = [Security.Cryptography.HMACSHA256]::new($Secret)
    $digest = $hmac.ComputeHash([Text.Encoding]::UTF8.GetBytes($text))
    "$Name=$expires$bound&sig=" + [BitConverter]::ToString($digest).Replace('-', '').ToLowerInvariant()
}

function ConvertTo-SluiceBase64Url([byte[]]$Raw) {
    [Convert]::ToBase64String($Raw).Replace('+', '-').Replace('/', '_').TrimEnd('=')
}
