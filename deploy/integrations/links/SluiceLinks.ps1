# Signed links to a Sluice server, made elsewhere; see README.md beside this file. Dot-source it: . ./SluiceLinks.ps1

# $Secret: the bytes of keys/stream.key, or of your own text ([Text.Encoding]::UTF8.GetBytes).
function New-SluiceStreamLink([string]$Server, [string]$Id, [int]$Seconds, [byte[]]$Secret) {
    $expires = '{0:d10}' -f ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() + $Seconds)
    $hmac = [Security.Cryptography.HMACSHA256]::new($Secret)
    $digest = $hmac.ComputeHash([Text.Encoding]::UTF8.GetBytes("$Id|$expires"))
    $signature = [BitConverter]::ToString($digest).Replace('-', '').ToLowerInvariant()
    "$Server/stream/${Id}?expires=$expires&sig=$signature"
}

# $KeyId and $Secret: of keys/links.json.
function New-SluiceDownloadLink([string]$Server, [string]$Root, [string]$Path, [int]$Seconds, [string]$KeyId, [string]$Secret) {
    $expires = '{0:d10}' -f ([DateTimeOffset]::UtcNow.ToUnixTimeSeconds() + $Seconds)
    $text = [Text.Encoding]::UTF8.GetBytes("d $expires/$Root/$Path $Secret")
    $mac = [Convert]::ToBase64String([Security.Cryptography.MD5]::Create().ComputeHash($text))
    $mac = $mac.Replace('+', '-').Replace('/', '_').TrimEnd('=')
    $encoded = ($Path -split '/' | ForEach-Object { [Uri]::EscapeDataString($_) }) -join '/'
    "$Server/d/$KeyId/$mac/$expires/$Root/$encoded"
}
