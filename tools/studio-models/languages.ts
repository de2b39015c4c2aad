import type { Random } from 'unrolled';
import type { LabelledText } from 'unrolled/tasks/classify';

/** Everyday words of five languages. */
const words: Readonly<Record<string, string>> = {
  English: `the and house water bread friend morning night always never where because through thought enough child children
    school mother father brother sister garden window street river mountain weather winter summer spring autumn yesterday
    tomorrow today kitchen knife spoon bottle apple cherry butter cheese milk chicken horse sheep bird forest leaf flower
    green yellow white black strong weak young old beautiful happy angry tired hungry thirsty write read speak listen walk
    drive swim sleep wake laugh cry build break open close which would should could might their there they with without
    between under above behind before after while until every nothing something everything somebody twelve twenty hundred
    thousand knowledge language writing teacher student question answer light dark heavy quick slow shoulder tooth finger`,
  German: `der die das und Haus Wasser Brot Freund Morgen Nacht immer niemals wo weil durch Gedanke genug Kind Kinder Schule
    Mutter Vater Bruder Schwester Garten Fenster Straße Fluss Berg Wetter Winter Sommer Frühling Herbst gestern morgen
    heute Küche Messer Löffel Flasche Apfel Kirsche Butter Käse Milch Huhn Pferd Schaf Vogel Wald Blatt Blume grün gelb
    weiß schwarz stark schwach jung alt schön glücklich wütend müde hungrig durstig schreiben lesen sprechen hören gehen
    fahren schwimmen schlafen aufwachen lachen weinen bauen brechen öffnen schließen welche würde sollte könnte ihre dort
    sie mit ohne zwischen unter über hinter vor nach während bis jeder nichts etwas alles jemand zwölf zwanzig hundert
    tausend Wissen Sprache Lehrer Schüler Frage Antwort Licht dunkel schwer schnell langsam Schulter Zahn Schmetterling`,
  French: `le la les et maison eau pain ami matin nuit toujours jamais où parce que pensée assez enfant enfants école mère
    père frère sœur jardin fenêtre rue rivière montagne temps hiver été printemps automne hier demain aujourd’hui cuisine
    couteau cuillère bouteille pomme cerise beurre fromage lait poulet cheval mouton oiseau forêt feuille fleur vert jaune
    blanc noir fort faible jeune vieux beau heureux fâché fatigué faim soif écrire lire parler écouter marcher conduire
    nager dormir réveiller rire pleurer construire casser ouvrir fermer quelle serait devrait pourrait leur là ils avec
    sans entre sous dessus derrière avant après pendant jusque chaque rien quelque chose tout quelqu’un douze vingt cent
    mille connaissance langue professeur élève question réponse lumière sombre lourd rapide lent épaule dent papillon`,
  Spanish: `el la los y casa agua pan amigo mañana noche siempre nunca donde porque pensamiento bastante niño niños escuela
    madre padre hermano hermana jardín ventana calle río montaña tiempo invierno verano primavera otoño ayer hoy cocina
    cuchillo cuchara botella manzana cereza mantequilla queso leche pollo caballo oveja pájaro bosque hoja flor verde
    amarillo blanco negro fuerte débil joven viejo hermoso feliz enojado cansado hambre sed escribir leer hablar escuchar
    caminar conducir nadar dormir despertar reír llorar construir romper abrir cerrar cual sería debería podría su allí
    ellos con sin entre bajo sobre detrás antes después mientras hasta cada nada algo todo alguien doce veinte cien mil
    conocimiento lengua maestro alumno pregunta respuesta luz oscuro pesado rápido lento hombro diente mariposa`,
  Finnish: `talo vesi leipä ystävä aamu yö aina koskaan missä koska läpi ajatus tarpeeksi lapsi lapset koulu äiti isä veli
    sisko puutarha ikkuna katu joki vuori sää talvi kesä kevät syksy eilen huomenna tänään keittiö veitsi lusikka pullo
    omena kirsikka voi juusto maito kana hevonen lammas lintu metsä lehti kukka vihreä keltainen valkoinen musta vahva
    heikko nuori vanha kaunis iloinen vihainen väsynyt nälkäinen janoinen kirjoittaa lukea puhua kuunnella kävellä ajaa
    uida nukkua herätä nauraa itkeä rakentaa rikkoa avata sulkea mikä olisi pitäisi voisi heidän siellä he kanssa ilman
    välissä alla yllä takana ennen jälkeen aikana asti jokainen mitään jotain kaikki joku kaksitoista kaksikymmentä sata
    tuhat tieto kieli opettaja oppilas kysymys vastaus valo pimeä raskas nopea hidas olkapää hammas perhonen`,
};

/** Some words of one language in a row, so that single words and phrases are both known. */
export function phraseIn(random: Random): LabelledText {
  const languages = Object.keys(words);
  const label = languages[random.below(languages.length)];
  const all = words[label].split(/\s+/);
  const text = Array.from({ length: 1 + random.below(4) }, () => all[random.below(all.length)]).join(' ');
  return { text: random.below(2) === 0 ? text.toLowerCase() : text, label };
}
